/** From a scrape configuration to what a scraping thread is told: plain data, secrets read, PEM files read. */
import { readFileSync } from "node:fs";
import { systemReason, VestalError } from "../../base/index.js";
import type { HttpClientConfig, ScrapeConfig, SecretSource, TlsConfig } from "../../config/index.js";
import type { Target } from "../../discovery/index.js";
import { Labels } from "../../model/index.js";
import {
  type CredentialSources,
  readAuthorization,
  type ScrapeJob,
  type TargetSpec,
  type TlsOptions,
  type TransportOptions,
} from "../../scrape/index.js";

export interface JobOptions {
  /** Features that need protobuf ask for it first where the configuration does not say what to ask for. */
  readonly isProtobufFirst: boolean;
}

const TLS_VERSIONS = { TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;

/** @throws VestalError CONFIG_FILE if a file that the configuration names cannot be read. */
export function scrapeJobOf(config: ScrapeConfig, options: JobOptions = { isProtobufFirst: false }): ScrapeJob {
  const { limits } = config;
  return {
    name: config.jobName,
    transport: transportOf(config, options),
    honorLabels: config.honorLabels,
    honorTimestamps: config.honorTimestamps,
    trackTimestampsStaleness: config.trackTimestampsStaleness,
    limits: {
      sampleLimit: limits.samplesMax,
      labelLimit: limits.labelsMax,
      labelNameLengthLimit: limits.labelNameLengthMax,
      labelValueLengthLimit: limits.labelValueLengthMax,
    },
    histograms: {
      isNative: config.nativeHistograms,
      isClassicToo: config.alwaysScrapeClassicHistograms,
      isConverted: config.convertClassicHistogramsToNhcb,
      bucketsMax: limits.histogramBucketsMax,
      bucketFactorMin: limits.histogramBucketFactorMin,
    },
    metricRelabelConfigs: config.metricRelabelRules,
  };
}

/** `key` is made unique over jobs: two of them may scrape one endpoint. */
export function targetSpecOf(target: Target): TargetSpec {
  // The address may be anything but a slash (`:https`): what is wrong with it is the scrape's to say.
  const url = new URL(`http://target${/^(?:[^/:]*:)?\/\/[^/?]*(.*)$/s.exec(target.url)?.[1] ?? ""}`);
  const params: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) {
    params[name] ??= [];
    params[name].push(value);
  }
  return {
    key: targetKey(target.jobName, target.key),
    jobName: target.jobName,
    labelPairs: Labels.of(target.labels).pairs,
    scheme: target.scheme,
    address: target.address,
    metricsPath: url.pathname,
    params,
    intervalMs: target.intervalMs,
    timeoutMs: target.timeoutMs,
  };
}

export function targetKey(jobName: string, key: string): string {
  return `${jobName}\n${key}`;
}

function transportOf(config: ScrapeConfig, { isProtobufFirst }: JobOptions): TransportOptions {
  const { http } = config;
  return {
    allowUtf8Names: config.nameValidation !== "legacy",
    scrapeProtocols:
      isProtobufFirst && config.hasDefaultProtocols
        ? ["PrometheusProto", ...config.protocols.filter((protocol) => protocol !== "PrometheusProto")]
        : config.protocols,
    fallbackScrapeProtocol: config.fallbackProtocol,
    enableCompression: config.enableCompression,
    headers: headersOf(config),
    ...authorizationOf(config),
    ...(config.scheme === "https" ? tlsOrFailure(config) : { tls: undefined }),
    proxy:
      http.proxy.url === undefined
        ? undefined
        : {
            url: http.proxy.url,
            headers: Object.fromEntries(
              Object.entries(http.proxy.connectHeaders).map(([name, values]) => [name, values.join(", ")]),
            ),
          },
    followRedirects: http.followRedirects,
    enableHttp2: http.enableHttp2,
    bodySizeLimit: config.limits.bodyBytesMax,
  };
}

function headersOf({ http, jobName }: ScrapeConfig): readonly (readonly [string, string])[] {
  return Object.entries(http.headers).flatMap(([name, { values, secrets, files }]) =>
    [...values, ...secrets, ...files.map((file) => readText(file, jobName, `http_headers ${name}`))].map(
      (value) => [name, value] as const,
    ),
  );
}

/** Files of credentials are read at each scrape. */
function authorizationOf({ http }: ScrapeConfig): Pick<TransportOptions, "authorization" | "credentials"> {
  const { basicAuth, authorization }: HttpClientConfig = http;
  const sources: CredentialSources | undefined =
    basicAuth === undefined ? authorization : { username: basicAuth.username, password: basicAuth.password };
  if (sources === undefined) return { authorization: undefined };
  const all = "username" in sources ? [sources.username, sources.password] : [sources.credentials];
  return all.every(({ file }) => file === "")
    ? { authorization: readAuthorization(sources) }
    : { authorization: undefined, credentials: sources };
}

/** One job whose certificates are missing fails alone, and says why, as there. */
function tlsOrFailure(config: ScrapeConfig): Pick<TransportOptions, "tls" | "failure"> {
  try {
    return { tls: tlsOf(config.http.tls, config.jobName) };
  } catch (error) {
    if (!(error instanceof VestalError) || error.code !== "CONFIG_FILE") throw error;
    return { tls: undefined, failure: `error creating HTTP client: ${error.message}` };
  }
}

function tlsOf(tls: TlsConfig, jobName: string): TlsOptions {
  const ca = secretOf(tls.ca, jobName, "CA cert");
  const cert = secretOf(tls.cert, jobName, "client cert");
  const key = secretOf(tls.key, jobName, "client key");
  const minVersion = TLS_VERSIONS[tls.minVersion as keyof typeof TLS_VERSIONS];
  const maxVersion = TLS_VERSIONS[tls.maxVersion as keyof typeof TLS_VERSIONS];
  return {
    ...(tls.serverName !== "" && { serverName: tls.serverName }),
    insecureSkipVerify: tls.insecureSkipVerify,
    context: {
      ...(ca !== "" && { ca }),
      ...(cert !== "" && { cert }),
      ...(key !== "" && { key }),
      ...(minVersion !== undefined && { minVersion }),
      ...(maxVersion !== undefined && { maxVersion }),
    },
  };
}

/** As Prometheus, a file's text counts without the white space around it. */
function secretOf({ value, file }: SecretSource, jobName: string, what: string): string {
  return file === "" ? value : readText(file, jobName, what);
}

function readText(file: string, jobName: string, what: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new VestalError(
      "CONFIG_FILE",
      `job ${JSON.stringify(jobName)}: unable to read ${what} file ${file}: ${systemReason(error)}`,
      { file, jobName },
      error,
    );
  }
}

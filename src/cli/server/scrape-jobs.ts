/** From a scrape configuration to what a scraping thread is told: plain data, secrets read, PEM files read. */
import { readFileSync } from "node:fs";
import { systemReason, VestalError } from "../../base/index.js";
import type { HttpClientConfig, ScrapeConfig, SecretSource, TlsConfig } from "../../config/index.js";
import type { Target } from "../../discovery/index.js";
import { Labels } from "../../model/index.js";
import type { ScrapeJob, TargetSpec, TlsOptions, TransportOptions } from "../../scrape/index.js";

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
    authorization: authorizationOf(config),
    tls: config.scheme === "https" ? tlsOf(http.tls, config.jobName) : undefined,
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

function authorizationOf({ http, jobName }: ScrapeConfig): string | undefined {
  const { basicAuth, authorization }: HttpClientConfig = http;
  if (basicAuth !== undefined) {
    const user = secretOf(basicAuth.username, jobName, "basic_auth username");
    const password = secretOf(basicAuth.password, jobName, "basic_auth password");
    return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }
  if (authorization === undefined) return undefined;
  const credentials = secretOf(authorization.credentials, jobName, "authorization credentials");
  return credentials === "" ? undefined : `${authorization.type} ${credentials}`;
}

function tlsOf(tls: TlsConfig, jobName: string): TlsOptions {
  const ca = secretOf(tls.ca, jobName, "tls_config ca");
  const cert = secretOf(tls.cert, jobName, "tls_config cert");
  const key = secretOf(tls.key, jobName, "tls_config key");
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

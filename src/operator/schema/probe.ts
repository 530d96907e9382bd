/** Specification of a Probe. */
import { boolean, duration, type Fields, int64, intOrString, list, map, object, string } from "./dsl.js";
import {
  basicAuth,
  filter,
  keySelector,
  labelSelector,
  namespaceSelector,
  oauth2,
  proxyFields,
  relabelConfig,
  safeAuthorization,
  safeTlsConfig,
} from "./shapes.js";

export const probeSpec = {
  authorization: safeAuthorization("HTTP Authorization header settings"),
  basicAuth: basicAuth("HTTP basic auth"),
  bearerTokenSecret: keySelector("deprecated bearer token (secret ref)"),
  convertClassicHistogramsToNHCB: boolean("convert classic histograms to native with custom buckets"),
  enableHttp2: boolean("allow HTTP/2"),
  fallbackScrapeProtocol: string("protocol assumed when Content-Type is missing or bad", {
    oneOf: [
      "PrometheusProto",
      "OpenMetricsText0.0.1",
      "OpenMetricsText1.0.0",
      "PrometheusText0.0.4",
      "PrometheusText1.0.0",
    ],
  }),
  followRedirects: boolean("follow HTTP redirects"),
  interval: duration("time between probes"),
  jobName: string("value of the job label / job name"),
  keepDroppedTargets: int64("number of dropped targets kept for display", { min: 0 }),
  labelLimit: int64("most labels per sample", { min: 0 }),
  labelNameLengthLimit: int64("longest label name", { min: 0 }),
  labelValueLengthLimit: int64("longest label value", { min: 0 }),
  metricRelabelings: list("relabelling of samples after the scrape", relabelConfig("")),
  module: string("blackbox module name"),
  nativeHistogramBucketLimit: int64("most native histogram buckets", { min: 0 }),
  nativeHistogramMinBucketFactor: intOrString("least growth factor between native buckets"),
  oauth2: oauth2("OAuth2 client-credentials settings"),
  params: list("extra URL parameters (name, values)", filter(""), { minItems: 1, keys: ["name"] }),
  prober: object("blackbox exporter to ask", {
    ...proxyFields,
    path: string("path of the probe handler (default /probe)", { default: "/probe" }),
    scheme: string("http or https", { oneOf: ["http", "https", "HTTP", "HTTPS"] }),
    url: string("host:port of the exporter", { required: true, minLength: 1 }),
  }),
  sampleLimit: int64("most samples per scrape", { min: 0 }),
  scrapeClass: string("scrape class to apply", { minLength: 1 }),
  scrapeClassicHistograms: boolean("also scrape classic buckets of native histograms"),
  scrapeNativeHistograms: boolean("scrape native histograms"),
  scrapeProtocols: list(
    "protocols offered, in order",
    string("", {
      oneOf: [
        "PrometheusProto",
        "OpenMetricsText0.0.1",
        "OpenMetricsText1.0.0",
        "PrometheusText0.0.4",
        "PrometheusText1.0.0",
      ],
    }),
    { listType: "set" },
  ),
  scrapeTimeout: duration("timeout of a scrape"),
  targetLimit: int64("most targets", { min: 0 }),
  targets: object("what is probed: staticConfig or ingress", {
    ingress: object("targets from Ingress objects", {
      namespaceSelector: namespaceSelector("namespaces in which targets are looked for"),
      relabelingConfigs: list("relabelling of Ingress targets", relabelConfig("")),
      selector: labelSelector("labels choosing Ingresses"),
    }),
    staticConfig: object("fixed targets", {
      labels: map("labels to add", string("")),
      relabelingConfigs: list("relabelling of the fixed targets", relabelConfig("")),
      static: list("hosts to probe", string("")),
    }),
  }),
  tlsConfig: safeTlsConfig("TLS client settings"),
} satisfies Fields;

/** What objects that are scraped have in common: how a scrape is done and bounded, and how an endpoint is asked. */
import { boolean, duration, type Fields, int64, intOrString, list, map, quantity, string } from "./dsl.js";
import { basicAuth, keySelector, oauth2, proxyFields, relabelConfig, safeAuthorization } from "./shapes.js";

export const scrapeProtocols = list(
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
);

/** Of ServiceMonitor, PodMonitor, Probe and ScrapeConfig. */
export const scrapeFields = {
  convertClassicHistogramsToNHCB: boolean("convert classic histograms to native with custom buckets"),
  fallbackScrapeProtocol: string("protocol assumed when Content-Type is missing or bad", {
    oneOf: [
      "PrometheusProto",
      "OpenMetricsText0.0.1",
      "OpenMetricsText1.0.0",
      "PrometheusText0.0.4",
      "PrometheusText1.0.0",
    ],
  }),
  keepDroppedTargets: int64("number of dropped targets kept for display", { min: 0 }),
  labelLimit: int64("most labels per sample", { min: 0 }),
  labelNameLengthLimit: int64("longest label name", { min: 0 }),
  labelValueLengthLimit: int64("longest label value", { min: 0 }),
  nativeHistogramBucketLimit: int64("most native histogram buckets", { min: 0 }),
  nativeHistogramMinBucketFactor: quantity("least growth factor between native buckets"),
  sampleLimit: int64("most samples per scrape", { min: 0 }),
  scrapeClass: string("scrape class to apply", { minLength: 1 }),
  scrapeClassicHistograms: boolean("also scrape classic buckets of native histograms"),
  scrapeNativeHistograms: boolean("scrape native histograms"),
  scrapeProtocols,
  targetLimit: int64("most targets", { min: 0 }),
} satisfies Fields;

/** Of the endpoints of ServiceMonitor and PodMonitor. */
export const endpointFields = {
  authorization: safeAuthorization("HTTP Authorization header settings"),
  basicAuth: basicAuth("HTTP basic auth"),
  bearerTokenSecret: keySelector("deprecated bearer token (secret ref)"),
  enableHttp2: boolean("allow HTTP/2"),
  filterRunning: boolean("drop Failed and Succeeded pods (default true)"),
  followRedirects: boolean("follow HTTP redirects"),
  honorLabels: boolean("keep labels of the scraped data on conflict"),
  honorTimestamps: boolean("keep timestamps of the scraped data"),
  interval: duration("time between scrapes or evaluations"),
  metricRelabelings: list("relabelling of samples after the scrape", relabelConfig("")),
  oauth2: oauth2("OAuth2 client-credentials settings"),
  params: map("URL query parameters", list("", string(""))),
  path: string("HTTP path"),
  port: string("port name or number"),
  relabelings: list("relabelling of targets before the scrape", relabelConfig("")),
  scheme: string("http or https", { oneOf: ["http", "https", "HTTP", "HTTPS"] }),
  scrapeTimeout: duration("timeout of a scrape"),
  targetPort: intOrString("deprecated pod port name or number"),
  trackTimestampsStaleness: boolean("track staleness when timestamps are explicit"),
  ...proxyFields,
} satisfies Fields;

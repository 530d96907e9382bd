/** Specification of a Probe. */
import { boolean, duration, type Fields, list, map, object, string } from "./dsl.js";
import { scrapeFields } from "./scrape-fields.js";
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
  ...scrapeFields,
  enableHttp2: boolean("allow HTTP/2"),
  followRedirects: boolean("follow HTTP redirects"),
  interval: duration("time between probes"),
  jobName: string("value of the job label / job name"),
  metricRelabelings: list("relabelling of samples after the scrape", relabelConfig("")),
  module: string("blackbox module name"),
  oauth2: oauth2("OAuth2 client-credentials settings"),
  params: list("extra URL parameters (name, values)", filter(""), { minItems: 1, keys: ["name"] }),
  prober: object("blackbox exporter to ask", {
    ...proxyFields,
    path: string("path of the probe handler (default /probe)", { default: "/probe" }),
    scheme: string("http or https", { oneOf: ["http", "https", "HTTP", "HTTPS"] }),
    url: string("host:port of the exporter", { required: true, minLength: 1 }),
  }),
  scrapeTimeout: duration("timeout of a scrape"),
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

/** Specification of a ServiceMonitor. */
import { boolean, bytes, type Fields, list, object, string } from "./dsl.js";
import { endpointFields, scrapeFields } from "./scrape-fields.js";
import { labelSelector, namespaceSelector, tlsConfig } from "./shapes.js";

export const serviceMonitorSpec = {
  attachMetadata: object("extra metadata to attach to discovered targets", {
    node: boolean("also attach node metadata"),
  }),
  bodySizeLimit: bytes("largest scrape body accepted"),
  ...scrapeFields,
  endpoints: list(
    "endpoints to scrape (one scrape job each)",
    object("", {
      ...endpointFields,
      bearerTokenFile: string("deprecated path of a bearer-token file"),
      tlsConfig: tlsConfig("TLS client settings"),
    }),
    { required: true },
  ),
  jobLabel: string("object label whose value becomes the job label"),
  namespaceSelector: namespaceSelector("namespaces in which targets are looked for"),
  podTargetLabels: list("pod labels copied to the target", string("")),
  selector: labelSelector("labels choosing the Services/Pods/Ingresses", { required: true }),
  selectorMechanism: string("RelabelConfig or RoleSelector: where the selector is applied", {
    oneOf: ["RelabelConfig", "RoleSelector"],
  }),
  serviceDiscoveryRole: string("Endpoints or EndpointSlice for discovery", { oneOf: ["Endpoints", "EndpointSlice"] }),
  targetLabels: list("Service labels copied to the target", string("")),
} satisfies Fields;

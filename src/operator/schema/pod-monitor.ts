/** Specification of a PodMonitor. */
import { boolean, bytes, type Fields, int32, list, object, string } from "./dsl.js";
import { endpointFields, scrapeFields } from "./scrape-fields.js";
import { labelSelector, namespaceSelector, safeTlsConfig } from "./shapes.js";

export const podMonitorSpec = {
  attachMetadata: object("extra metadata to attach to discovered targets", {
    node: boolean("also attach node metadata"),
  }),
  bodySizeLimit: bytes("largest scrape body accepted"),
  ...scrapeFields,
  jobLabel: string("object label whose value becomes the job label"),
  namespaceSelector: namespaceSelector("namespaces in which targets are looked for"),
  podMetricsEndpoints: list(
    "pod ports to scrape (one job each)",
    object("", {
      ...endpointFields,
      portNumber: int32("container port number", { min: 1, max: 65535 }),
      tlsConfig: safeTlsConfig("TLS client settings"),
    }),
  ),
  podTargetLabels: list("pod labels copied to the target", string("")),
  selector: labelSelector("labels choosing the Services/Pods/Ingresses", { required: true }),
  selectorMechanism: string("RelabelConfig or RoleSelector: where the selector is applied", {
    oneOf: ["RelabelConfig", "RoleSelector"],
  }),
} satisfies Fields;

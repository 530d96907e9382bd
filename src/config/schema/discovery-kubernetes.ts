/** `kubernetes_sd_configs`. */
import { quoteGo } from "../../model/index.js";
import { bool, checked, field, list, newer, path, shown, strings, struct, text, url } from "../shape.js";
import { finishHttpClient, type HttpClientSection, httpClientFields, refuse } from "./http-client.js";
import { checkFieldSelector, checkLabelSelector } from "./kubernetes-selector.js";

const http = httpClientFields();

/** Which objects a role may select by; `node` selectors of pods came after 3.5. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  pod: ["pod"],
  service: ["service"],
  endpointslice: ["pod", "service", "endpointslice"],
  endpoints: ["pod", "service", "endpoints"],
  node: ["node"],
  ingress: ["ingress"],
};

const role = () =>
  checked("string", (written) => {
    if (!Object.hasOwn(SELECTABLE, written)) refuse(`unknown Kubernetes SD role ${quoteGo(written)}`);
    return written;
  });

export const kubernetesDiscovery = struct(
  "kubernetes.plain",
  {
    api_server: field(url()),
    role: shown(role()),
    kubeconfig_file: shown(path()),
    ...http,
    namespaces: field(struct("kubernetes.plain", { own_namespace: shown(bool()), names: shown(strings()) })),
    selectors: field(
      list(struct("kubernetes.SelectorConfig", { role: field(role()), label: field(text()), field: field(text()) })),
    ),
    attach_metadata: field(
      struct("kubernetes.AttachMetadataConfig", {
        node: shown(bool()),
        namespace: newer(bool()),
        deployment: newer(bool()),
        job: newer(bool()),
        cronjob: newer(bool()),
      }),
    ),
  },
  (written) => {
    if (written.role === "") {
      refuse("role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
    }
    const sd = finishHttpClient(written);
    const hasServer = sd.api_server !== undefined;
    const hasFile = sd.kubeconfig_file !== "";
    if (hasServer && hasFile) refuse("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
    if (hasFile && isCustomClient(sd)) {
      refuse("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
    }
    if (!hasServer && isCustomClient(sd)) {
      refuse("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
    }
    if (hasServer && sd.namespaces.own_namespace) {
      refuse("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
    }
    if (hasFile && sd.namespaces.own_namespace) {
      refuse("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
    }
    const allowed = SELECTABLE[sd.role] ?? [];
    const seen = new Set<string>();
    for (const selector of sd.selectors ?? []) {
      if (seen.has(selector.role)) refuse(`duplicated selector role: ${selector.role}`);
      seen.add(selector.role);
      if (!allowed.includes(selector.role)) refuse(`${sd.role} role supports only ${allowed.join(", ")} selectors`);
      checkFieldSelector(selector.field);
      checkLabelSelector(selector.label);
    }
    return sd;
  },
);

/** True where any client setting differs from the default. */
function isCustomClient(sd: HttpClientSection): boolean {
  for (const [key, { initial }] of Object.entries(http)) {
    // `http` has the keys of the section.
    const value = sd[key as keyof HttpClientSection];
    if (JSON.stringify(value) !== JSON.stringify(initial)) return true;
  }
  return false;
}

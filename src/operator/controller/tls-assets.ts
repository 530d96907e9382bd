/** TLS material that selected objects name, gathered for the Secret that pods mount. Found by its shape, as references are. */
import { type AssetStore, tlsAssetName } from "../generate/store.js";
import type { SecretOrConfigMap } from "../schema/generated/types.js";

const DEPTH_MAX = 64;
/** Fields of a workload with certificates of its own servers, which pods mount from where they are. */
const OWN_SERVERS: ReadonlySet<string> = new Set(["web", "grpcServerTlsConfig"]);

/** As `addTlsAssets`, of a workload's specification. */
export function addWorkloadTlsAssets(
  found: Map<string, Buffer>,
  assets: AssetStore,
  namespace: string,
  spec: object | undefined,
): void {
  const fields = Object.entries(spec ?? {}).filter(([name]) => !OWN_SERVERS.has(name));
  addTlsAssets(found, assets, namespace, Object.fromEntries(fields));
}

/** Adds `ca`, `cert` and `keySecret` of each `tlsConfig` in `value`; what does not exist is left out. */
export function addTlsAssets(found: Map<string, Buffer>, assets: AssetStore, namespace: string, value: unknown): void {
  visit(found, assets, namespace, value, 0);
}

function visit(found: Map<string, Buffer>, assets: AssetStore, namespace: string, value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const each of value) visit(found, assets, namespace, each, depth + 1);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    if (/tlsConfig$/i.test(key) && typeof each === "object" && each !== null) {
      const { ca, cert, keySecret } = each as {
        readonly ca?: SecretOrConfigMap;
        readonly cert?: SecretOrConfigMap;
        readonly keySecret?: SecretOrConfigMap["secret"];
      };
      const references = [ca, cert, ...(keySecret === undefined ? [] : [{ secret: keySecret }])];
      for (const reference of references) add(found, assets, namespace, reference);
    }
    visit(found, assets, namespace, each, depth + 1);
  }
}

function add(
  found: Map<string, Buffer>,
  assets: AssetStore,
  namespace: string,
  reference: SecretOrConfigMap | undefined,
): void {
  if (reference?.secret === undefined && reference?.configMap === undefined) return;
  const value = assets.forNamespace(namespace).value(reference);
  if (value !== undefined && value !== "") found.set(tlsAssetName(namespace, reference), Buffer.from(value));
}

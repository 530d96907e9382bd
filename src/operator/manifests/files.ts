/** The files of `deploy/manifests`: `npm run manifests` writes them, and a test compares them with what is committed. */
import { stringify } from "yaml";
import { alertmanagerManifests, clusterMonitors, prometheusManifests } from "./monitoring.js";
import type { Installation, Manifest } from "./objects.js";
import { operatorManifests, webhookManifests } from "./operator.js";
import { ruleManifests } from "./rules.js";

/** To be replaced by what a cluster can pull: `sed -i s,vestal.example/vestal:0.1.0,…, deploy/manifests/*.yaml`. */
export const DEFAULT_INSTALLATION: Installation = { namespace: "monitoring", image: "vestal.example/vestal:0.1.0" };

const HEAD = "# Made by `npm run manifests` from src/operator/manifests: do not edit.\n";

/** By path below `deploy/manifests`, in the order in which they are to be applied. */
export function manifestFiles(
  installation: Installation = DEFAULT_INSTALLATION,
): ReadonlyMap<string, readonly Manifest[]> {
  const { namespace } = installation;
  return new Map([
    ["00-namespace.yaml", [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]],
    ["10-operator.yaml", operatorManifests(installation)],
    ["20-prometheus.yaml", prometheusManifests(installation)],
    ["20-alertmanager.yaml", alertmanagerManifests(installation)],
    ["30-cluster-monitors.yaml", clusterMonitors(installation)],
    ["30-rules.yaml", ruleManifests(installation)],
    ["optional/admission-webhook.yaml", webhookManifests(installation)],
  ]);
}

export function manifestText(manifests: readonly Manifest[]): string {
  const documents = manifests.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false }));
  return HEAD + documents.join("---\n");
}

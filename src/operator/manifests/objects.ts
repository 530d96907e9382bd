/** Parts that manifests have in common. */
import type { Json } from "../kube-object.js";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [key: string]: Json | undefined;
  };
  readonly [key: string]: Json | undefined;
}

/** What an installation chooses. */
export interface Installation {
  readonly namespace: string;
  /** Of the one image that has all programs, with its tag. */
  readonly image: string;
}

export const PART_OF = "vestal";

export function labelsOf(name: string, component: string): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": PART_OF,
  };
}

/** Nothing that a process could do harm with. */
export const CONFINED_CONTAINER = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

export const CONFINED_POD = {
  runAsNonRoot: true,
  runAsUser: 65534,
  runAsGroup: 65534,
  seccompProfile: { type: "RuntimeDefault" },
};

export const RBAC_VERSION = "rbac.authorization.k8s.io/v1";
export const RBAC_GROUP = "rbac.authorization.k8s.io";

export function serviceAccount(name: string, namespace: string, labels: Readonly<Record<string, string>>): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace, labels },
    automountServiceAccountToken: false,
  };
}

export function binding(
  kind: "ClusterRoleBinding" | "RoleBinding",
  role: { readonly kind: "ClusterRole" | "Role"; readonly name: string },
  account: { readonly name: string; readonly namespace: string },
  labels: Readonly<Record<string, string>>,
  namespace?: string,
): Manifest {
  return {
    apiVersion: RBAC_VERSION,
    kind,
    metadata: { name: role.name, ...(namespace !== undefined && { namespace }), labels },
    roleRef: { apiGroup: RBAC_GROUP, kind: role.kind, name: role.name },
    subjects: [{ kind: "ServiceAccount", name: account.name, namespace: account.namespace }],
  };
}

/** Only who is named may reach the pods. */
export function networkPolicy(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  ingress: Json,
): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels },
    spec: { podSelector: { matchLabels: labels }, policyTypes: ["Egress", "Ingress"], egress: [{}], ingress },
  };
}

/** The operator itself and its admission webhook. */
import { GROUP } from "../schema/index.js";
import {
  binding,
  CONFINED_CONTAINER,
  CONFINED_POD,
  type Installation,
  labelsOf,
  type Manifest,
  networkPolicy,
  RBAC_VERSION,
  serviceAccount,
} from "./objects.js";
import { LEADER_RIGHTS, NEEDED_RIGHTS, OPTIONAL_RIGHTS, rulesOf } from "./rights.js";

export const OPERATOR = "vestal-operator";
export const WEBHOOK = "vestal-admission-webhook";
export const WEBHOOK_SECRET = "vestal-admission-webhook-tls";

const LABELS = labelsOf(OPERATOR, "controller");
const WEBHOOK_LABELS = labelsOf(WEBHOOK, "admission-webhook");

/** In the order in which they should be applied. */
export function operatorManifests({ namespace, image }: Installation): readonly Manifest[] {
  const account = { name: OPERATOR, namespace };
  const optional = `${OPERATOR}-optional`;
  const leader = `${OPERATOR}-leader`;
  const clusterRole = (name: string, rights: typeof NEEDED_RIGHTS): Manifest => ({
    apiVersion: RBAC_VERSION,
    kind: "ClusterRole",
    metadata: { name, labels: LABELS },
    rules: rulesOf(rights),
  });
  return [
    serviceAccount(OPERATOR, namespace, LABELS),
    clusterRole(OPERATOR, NEEDED_RIGHTS),
    binding("ClusterRoleBinding", { kind: "ClusterRole", name: OPERATOR }, account, LABELS),
    clusterRole(optional, OPTIONAL_RIGHTS),
    binding("ClusterRoleBinding", { kind: "ClusterRole", name: optional }, account, LABELS),
    {
      apiVersion: RBAC_VERSION,
      kind: "Role",
      metadata: { name: leader, namespace, labels: LABELS },
      rules: rulesOf(LEADER_RIGHTS),
    },
    binding("RoleBinding", { kind: "Role", name: leader }, account, LABELS, namespace),
    operatorService(namespace),
    operatorDeployment(namespace, image),
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: OPERATOR, namespace, labels: LABELS },
      spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } },
    },
    networkPolicy(OPERATOR, namespace, LABELS, [
      {
        from: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } } }],
        ports: [{ port: 8080, protocol: "TCP" }],
      },
    ]),
    {
      apiVersion: `${GROUP}/v1`,
      kind: "ServiceMonitor",
      metadata: { name: OPERATOR, namespace, labels: LABELS },
      spec: { selector: { matchLabels: LABELS }, endpoints: [{ port: "http", honorLabels: true }] },
    },
  ];
}

function operatorService(namespace: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: OPERATOR, namespace, labels: LABELS },
    spec: { clusterIP: "None", selector: LABELS, ports: [{ name: "http", port: 8080, targetPort: "http" }] },
  };
}

/** All images are ours: workloads run it under the names that prometheus-operator calls. */
function operatorArguments(namespace: string, image: string): readonly string[] {
  const repository = image.replace(/(?:@sha256)?:[^:/]*$/, "");
  return [
    "--kubelet-service=kube-system/kubelet",
    "--kubelet-endpoints=true",
    "--kubelet-endpointslice=true",
    "--disable-unmanaged-prometheus-configuration=true",
    "--watch-referenced-objects-in-all-namespaces=true",
    "--leader-elect=true",
    `--webhook-certificate-secret=${namespace}/${WEBHOOK_SECRET}`,
    `--prometheus-default-base-image=${repository}`,
    `--alertmanager-default-base-image=${repository}`,
    `--prometheus-config-reloader=${image}`,
  ];
}

function operatorDeployment(namespace: string, image: string): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: OPERATOR, namespace, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS, annotations: { "kubectl.kubernetes.io/default-container": OPERATOR } },
        spec: {
          serviceAccountName: OPERATOR,
          automountServiceAccountToken: true,
          nodeSelector: { "kubernetes.io/os": "linux" },
          securityContext: CONFINED_POD,
          containers: [
            {
              name: OPERATOR,
              image,
              command: ["/bin/operator"],
              args: operatorArguments(namespace, image),
              ports: [{ name: "http", containerPort: 8080 }],
              livenessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 10, failureThreshold: 6 },
              readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 10 },
              resources: { requests: { cpu: "100m", memory: "150Mi" }, limits: { memory: "512Mi" } },
              securityContext: CONFINED_CONTAINER,
            },
          ],
        },
      },
    },
  };
}

/** The operator makes the certificate that it needs, unless others do (docs/migrate.md). */
export function webhookManifests({ namespace, image }: Installation): readonly Manifest[] {
  return [
    serviceAccount(WEBHOOK, namespace, WEBHOOK_LABELS),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: WEBHOOK, namespace, labels: WEBHOOK_LABELS },
      spec: { selector: WEBHOOK_LABELS, ports: [{ name: "https", port: 443, targetPort: "https" }] },
    },
    webhookDeployment(namespace, image),
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: WEBHOOK, namespace, labels: WEBHOOK_LABELS },
      spec: { minAvailable: 1, selector: { matchLabels: WEBHOOK_LABELS } },
    },
    webhookConfiguration("ValidatingWebhookConfiguration", namespace, [
      ["prometheusrulevalidate", "/admission-prometheusrules/validate", "prometheusrules", ["v1"]],
      [
        "alertmanagerconfigsvalidate",
        "/admission-alertmanagerconfigs/validate",
        "alertmanagerconfigs",
        ["v1alpha1", "v1beta1"],
      ],
    ]),
    webhookConfiguration("MutatingWebhookConfiguration", namespace, [
      ["prometheusrulemutate", "/admission-prometheusrules/mutate", "prometheusrules", ["v1"]],
    ]),
  ];
}

function webhookConfiguration(
  kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
  namespace: string,
  webhooks: readonly (readonly [name: string, path: string, resource: string, versions: readonly string[]])[],
): Manifest {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: WEBHOOK, labels: WEBHOOK_LABELS },
    webhooks: webhooks.map(([name, path, resource, apiVersions]) => ({
      name: `${name}.${GROUP}`,
      admissionReviewVersions: ["v1", "v1beta1"],
      sideEffects: "None",
      // A webhook that is away must not stop people from changing objects: the operator rejects what is wrong anyway.
      failurePolicy: "Ignore",
      timeoutSeconds: 5,
      clientConfig: { service: { name: WEBHOOK, namespace, path, port: 443 } },
      rules: [{ apiGroups: [GROUP], apiVersions, resources: [resource], operations: ["CREATE", "UPDATE"] }],
    })),
  };
}

function webhookDeployment(namespace: string, image: string): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: WEBHOOK, namespace, labels: WEBHOOK_LABELS },
    spec: {
      replicas: 2,
      selector: { matchLabels: WEBHOOK_LABELS },
      template: {
        metadata: { labels: WEBHOOK_LABELS },
        spec: {
          serviceAccountName: WEBHOOK,
          automountServiceAccountToken: false,
          securityContext: CONFINED_POD,
          containers: [
            {
              name: WEBHOOK,
              image,
              command: ["/bin/admission-webhook"],
              args: ["--web.cert-file=/etc/tls/private/tls.crt", "--web.key-file=/etc/tls/private/tls.key"],
              ports: [{ name: "https", containerPort: 8443 }],
              readinessProbe: { httpGet: { path: "/healthz", port: "https", scheme: "HTTPS" }, periodSeconds: 10 },
              resources: { requests: { cpu: "50m", memory: "80Mi" }, limits: { memory: "256Mi" } },
              securityContext: CONFINED_CONTAINER,
              volumeMounts: [{ name: "tls", mountPath: "/etc/tls/private", readOnly: true }],
            },
          ],
          volumes: [{ name: "tls", secret: { secretName: WEBHOOK_SECRET } }],
        },
      },
    },
  };
}

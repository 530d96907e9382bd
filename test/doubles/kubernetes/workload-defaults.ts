/**
 * What an API server adds to a StatefulSet before it stores it: the defaults of `apps/v1` and of pod templates. Without them an object
 * that is written again would look changed, and with them one that looks changed may be the same.
 */

type Mapping = Readonly<Record<string, unknown>>;

const mapping = (value: unknown): Mapping => (value ?? {}) as Mapping;
const list = (value: unknown): readonly Mapping[] => (value ?? []) as readonly Mapping[];

/** 0644. */
const FILE_MODE = 420;

export function withStatefulSetDefaults<T extends Mapping>(set: T): T {
  const spec = mapping(set["spec"]);
  return {
    ...set,
    spec: {
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
      ...spec,
      updateStrategy: updateStrategy(mapping(spec["updateStrategy"])),
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: "Retain",
        whenScaled: "Retain",
        ...mapping(spec["persistentVolumeClaimRetentionPolicy"]),
      },
      template: podTemplate(mapping(spec["template"])),
      ...(spec["volumeClaimTemplates"] !== undefined && {
        volumeClaimTemplates: list(spec["volumeClaimTemplates"]).map(claimTemplate),
      }),
    },
  };
}

function updateStrategy(strategy: Mapping): Mapping {
  const type = strategy["type"] ?? "RollingUpdate";
  if (type !== "RollingUpdate") return { ...strategy, type };
  return { ...strategy, type, rollingUpdate: { partition: 0, ...mapping(strategy["rollingUpdate"]) } };
}

function claimTemplate(claim: Mapping): Mapping {
  return {
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    ...claim,
    spec: { volumeMode: "Filesystem", ...mapping(claim["spec"]) },
    status: { phase: "Pending", ...mapping(claim["status"]) },
  };
}

function podTemplate(template: Mapping): Mapping {
  const spec = mapping(template["spec"]);
  const account = spec["serviceAccountName"];
  return {
    ...template,
    spec: {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
      ...spec,
      // The older name of the same.
      ...(account !== undefined && { serviceAccount: account }),
      containers: list(spec["containers"]).map(container),
      ...(spec["initContainers"] !== undefined && { initContainers: list(spec["initContainers"]).map(container) }),
      ...(spec["volumes"] !== undefined && { volumes: list(spec["volumes"]).map(volume) }),
    },
  };
}

function container(each: Mapping): Mapping {
  const image = String(each["image"] ?? "");
  const isFloating = !image.includes("@") && !/:[^/]+$/.test(image.replace(/:latest$/, ""));
  const probe = (name: string) => (each[name] === undefined ? {} : { [name]: withProbeDefaults(mapping(each[name])) });
  const resources = mapping(each["resources"]);
  const limits = resources["limits"];
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isFloating ? "Always" : "IfNotPresent",
    ...each,
    // What is limited and asks for nothing asks for its limit.
    resources:
      limits === undefined
        ? resources
        : { ...resources, requests: { ...mapping(limits), ...mapping(resources["requests"]) } },
    ...(each["ports"] !== undefined && { ports: list(each["ports"]).map((port) => ({ protocol: "TCP", ...port })) }),
    ...(each["env"] !== undefined && { env: list(each["env"]).map(variable) }),
    ...probe("livenessProbe"),
    ...probe("readinessProbe"),
    ...probe("startupProbe"),
  };
}

function withProbeDefaults(probe: Mapping): Mapping {
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...probe,
    ...(probe["httpGet"] !== undefined && { httpGet: { scheme: "HTTP", ...mapping(probe["httpGet"]) } }),
  };
}

function variable(each: Mapping): Mapping {
  const from = mapping(each["valueFrom"]);
  if (from["fieldRef"] === undefined) return each;
  return { ...each, valueFrom: { ...from, fieldRef: { apiVersion: "v1", ...mapping(from["fieldRef"]) } } };
}

function volume(each: Mapping): Mapping {
  const out: Record<string, unknown> = { ...each };
  for (const kind of ["secret", "configMap", "projected", "downwardAPI"]) {
    if (each[kind] !== undefined) out[kind] = { defaultMode: FILE_MODE, ...mapping(each[kind]) };
  }
  return out;
}

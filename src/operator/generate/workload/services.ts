/** Headless Services that give pods their names. Those of one namespace share a Service, and own it together. */
import type { KubeObject } from "../../kube-object.js";
import type {
  Alertmanager,
  Prometheus,
  PrometheusAgent,
  PrometheusSpec,
  ThanosRuler,
} from "../../schema/generated/types.js";
import { compact, type Mapping, nonEmpty } from "../value.js";
import { objectMetadata } from "./metadata.js";
import type { WorkloadOptions } from "./options.js";

type Owner = Prometheus | PrometheusAgent | Alertmanager | ThanosRuler;
export type OwnerKind = "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler";

interface Governing {
  readonly name: string;
  readonly label: string;
  readonly application: string;
  readonly ports: (web: string) => readonly Mapping[];
  /** Pods find each other before they are ready. */
  readonly hasUnreadyAddresses?: boolean;
}

const tcp = (name: string, port: number, targetPort = name): Mapping => ({ name, port, targetPort, protocol: "TCP" });

const PROMETHEUS_PORTS = (web: string): readonly Mapping[] => [{ name: web, port: 9090, targetPort: web }];

const SIDECAR_PORT: Mapping = { name: "grpc", port: 10901, targetPort: "grpc" };

const GOVERNING: Readonly<Record<OwnerKind, Governing>> = {
  Prometheus: {
    name: "prometheus-operated",
    label: "operated-prometheus",
    application: "prometheus",
    ports: PROMETHEUS_PORTS,
  },
  PrometheusAgent: {
    name: "prometheus-agent-operated",
    label: "operated-prometheus",
    application: "prometheus-agent",
    ports: PROMETHEUS_PORTS,
  },
  Alertmanager: {
    name: "alertmanager-operated",
    label: "operated-alertmanager",
    application: "alertmanager",
    ports: (web) => [
      tcp(web, 9093),
      tcp("tcp-mesh", 9094, "mesh-tcp"),
      { name: "udp-mesh", port: 9094, targetPort: "mesh-udp", protocol: "UDP" },
    ],
    hasUnreadyAddresses: true,
  },
  ThanosRuler: {
    name: "thanos-ruler-operated",
    label: "operated-thanos-ruler",
    application: "thanos-ruler",
    ports: (web) => [tcp(web, 10902), tcp("grpc", 10901)],
  },
};

/** The Service, unless the object names one of the user's own. */
export function governingService(kind: OwnerKind, owner: Owner, options: WorkloadOptions): KubeObject | undefined {
  if (nonEmpty(owner.spec?.serviceName) !== undefined) return undefined;
  const { name, label, application, ports, hasUnreadyAddresses } = GOVERNING[kind];
  const hasSidecar = kind === "Prometheus" && (owner.spec as PrometheusSpec | undefined)?.thanos !== undefined;
  return compact({
    apiVersion: "v1",
    kind: "Service",
    metadata: objectMetadata(owner, name, options, { [label]: "true" }, false),
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: hasUnreadyAddresses,
      ports: [...ports(nonEmpty(owner.spec?.portName) ?? "web"), ...(hasSidecar ? [SIDECAR_PORT] : [])],
      selector: { "app.kubernetes.io/name": application },
    },
  }) as KubeObject;
}

/**
 * A cluster around the API server: custom resources by their definitions (validation, defaults, pruning), roles, discovery, the
 * checks of the few own kinds that an operator writes, and `kubectl apply` of manifests. What real servers do here is recorded in
 * dialogues with kube-apiserver 1.36.
 */
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { packageRoot } from "../../../src/base/index.js";
import { type ApiObject, type ApiRequest, FakeApiServer, type Refusal } from "./api-server.js";
import { admit, customKindsIn, type OpenApi } from "./custom-resource.js";
import { canonicalJson, settleDaemonSets, settleStatefulSets } from "./stateful-sets.js";
import { type DefinitionObject, definitionProblems } from "./structural-schema.js";
import { withStatefulSetDefaults } from "./workload-defaults.js";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const SETS = "/apis/apps/v1/statefulsets";
/** What all annotations of an object may take together. */
const ANNOTATION_BYTES_MAX = 262_144;
const SECRET_BYTES_MAX = 1_048_576;

/** Kinds of Kubernetes' own that the manifests use: plural, and whether it lies in a namespace. */
const BUILTINS: Readonly<Record<string, readonly (readonly [kind: string, plural: string, isNamespaced: boolean])[]>> =
  {
    v1: [
      ["Namespace", "namespaces", false],
      ["Node", "nodes", false],
      ["Pod", "pods", true],
      ["Service", "services", true],
      ["Endpoints", "endpoints", true],
      ["ConfigMap", "configmaps", true],
      ["Secret", "secrets", true],
      ["ServiceAccount", "serviceaccounts", true],
      ["PersistentVolumeClaim", "persistentvolumeclaims", true],
    ],
    "apps/v1": [
      ["StatefulSet", "statefulsets", true],
      ["Deployment", "deployments", true],
      ["DaemonSet", "daemonsets", true],
    ],
    "batch/v1": [["Job", "jobs", true]],
    "policy/v1": [["PodDisruptionBudget", "poddisruptionbudgets", true]],
    "networking.k8s.io/v1": [["NetworkPolicy", "networkpolicies", true]],
    "discovery.k8s.io/v1": [["EndpointSlice", "endpointslices", true]],
    "coordination.k8s.io/v1": [["Lease", "leases", true]],
    "events.k8s.io/v1": [["Event", "events", true]],
    "rbac.authorization.k8s.io/v1": [
      ["ClusterRole", "clusterroles", false],
      ["ClusterRoleBinding", "clusterrolebindings", false],
      ["Role", "roles", true],
      ["RoleBinding", "rolebindings", true],
    ],
    "apiextensions.k8s.io/v1": [["CustomResourceDefinition", "customresourcedefinitions", false]],
    "admissionregistration.k8s.io/v1": [
      ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false],
      ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false],
    ],
  };

interface Manifest extends ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
}

interface BindingObject extends ApiObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export class TestCluster {
  readonly server: FakeApiServer;
  readonly #schemas = new Map<string, OpenApi>();
  readonly #kinds = new Map<string, { readonly plural: string; readonly isNamespaced: boolean }>();
  /** Requests that were refused for want of rights. */
  readonly refused: string[] = [];
  readonly #settling: NodeJS.Timeout;

  private constructor(server: FakeApiServer) {
    this.server = server;
    server.documents.set("/version", { major: "1", minor: "36", gitVersion: "v1.36.2" });
    for (const [apiVersion, kinds] of Object.entries(BUILTINS)) {
      for (const [kind, plural, isNamespaced] of kinds) this.#serve(apiVersion, kind, plural, isNamespaced);
    }
    server.hooks.authorize = (request, isReview) => {
      const refusal = this.#refusalOf(request);
      if (refusal !== undefined && !isReview) this.refused.push(refusal);
      return refusal;
    };
    server.hooks.admit = (...all) => this.#admit(...all);
    this.#settling = setInterval(() => {
      settleStatefulSets(server);
      settleDaemonSets(server);
    }, 50);
  }

  static async start(): Promise<TestCluster> {
    return new TestCluster(await FakeApiServer.start());
  }

  async stop(): Promise<void> {
    clearInterval(this.#settling);
    await this.server.stop();
  }

  /** The project's own custom resources without their schemas: for objects that are put in by thousands. */
  serveCustomResources(): void {
    for (const { group, version, kind, plural } of customKindsIn(join(packageRoot(), "crds"))) {
      this.#serve(`${group}/${version}`, kind, plural, true);
    }
  }

  /** `kubectl apply -f -` of one or more documents. @throws Error with what the server said. */
  async apply(text: string): Promise<readonly Manifest[]> {
    const manifests = (loadAll(text) as (Manifest | null)[]).flatMap((each) =>
      each === null ? [] : each.kind.endsWith("List") ? (each["items"] as readonly Manifest[]) : [each],
    );
    for (const each of manifests) await this.applyObject(each);
    return manifests;
  }

  async applyObject(manifest: Manifest): Promise<void> {
    const { apiVersion, kind, metadata } = manifest;
    const found = this.#kinds.get(`${apiVersion} ${kind}`);
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const namespace = found.isNamespaced ? (metadata.namespace ?? "default") : undefined;
    const path =
      namespace === undefined ? `${root}/${found.plural}` : `${root}/namespaces/${namespace}/${found.plural}`;
    const noted = { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(manifest)}\n` };
    const annotations = { ...(metadata["annotations"] as object | undefined), ...noted };
    const bytes = Object.entries(annotations).reduce(
      (sum, [name, value]) => sum + name.length + Buffer.byteLength(String(value)),
      0,
    );
    if (bytes > ANNOTATION_BYTES_MAX) throw new Error(`${kind} ${metadata.name}: annotations take ${bytes} bytes`);
    const object = {
      ...manifest,
      metadata: { ...metadata, annotations, ...(namespace !== undefined && { namespace }) },
    };
    const isThere = this.server.read(`${root}/${found.plural}`, keyOf(namespace, metadata.name)) !== undefined;
    const response = await fetch(`${this.server.url}${path}${isThere ? `/${metadata.name}` : ""}`, {
      method: isThere ? "PATCH" : "POST",
      headers: { "content-type": isThere ? "application/merge-patch+json" : "application/json" },
      body: JSON.stringify(object),
    });
    if (response.status >= 300) throw new Error(`${kind} ${metadata.name}: ${await response.text()}`);
    if (kind === "CustomResourceDefinition") this.#define(manifest);
  }

  #serve(apiVersion: string, kind: string, plural: string, isNamespaced: boolean): void {
    this.#kinds.set(`${apiVersion} ${kind}`, { plural, isNamespaced });
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = this.server.documents.get(root) as { readonly resources: readonly object[] } | undefined;
    const resources = [...(known?.resources ?? []), { name: plural, kind, namespaced: isNamespaced }];
    this.server.documents.set(root, { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersion, resources });
  }

  #define(definition: ApiObject): void {
    const { group, scope, names, versions } = definition["spec"] as {
      readonly group: string;
      readonly scope: string;
      readonly names: { readonly kind: string; readonly plural: string };
      readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: OpenApi } }[];
    };
    for (const { name, schema } of versions) {
      this.#schemas.set(`/apis/${group}/${name}/${names.plural}`, schema.openAPIV3Schema);
      this.#serve(`${group}/${name}`, names.kind, names.plural, scope === "Namespaced");
    }
  }

  // ── rights ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #refusalOf(request: ApiRequest): string | undefined {
    const { user, verb, group, resource, subresource, namespace, name } = request;
    if (user === "" || resource === "selfsubjectaccessreviews") return undefined;
    if (this.#rulesOf(user, namespace).some((rule) => allows(rule, request))) return undefined;
    const what = subresource === "" ? resource : `${resource}/${subresource}`;
    const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
    const named = name === "" ? "" : ` "${name}"`;
    return `${what}${group === "" ? "" : `.${group}`}${named} is forbidden: User "${user}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`;
  }

  #rulesOf(user: string, namespace: string): readonly Rule[] {
    const isSubject = ({ subjects = [] }: BindingObject): boolean =>
      subjects.some(({ kind, name, namespace: own = "" }) =>
        kind === "ServiceAccount" ? user === `system:serviceaccount:${own}:${name}` : user === name,
      );
    const rulesOf = (role: ApiObject | undefined): readonly Rule[] => (role?.["rules"] ?? []) as readonly Rule[];
    const clusterWide = (this.server.list(`${RBAC}/clusterrolebindings`) as readonly BindingObject[])
      .filter(isSubject)
      .flatMap(({ roleRef }) => rulesOf(this.server.read(`${RBAC}/clusterroles`, roleRef.name)));
    const own = (this.server.list(`${RBAC}/rolebindings`) as readonly BindingObject[])
      .filter((binding) => namespace !== "" && binding.metadata.namespace === namespace && isSubject(binding))
      .flatMap(({ roleRef }) =>
        roleRef.kind === "ClusterRole"
          ? rulesOf(this.server.read(`${RBAC}/clusterroles`, roleRef.name))
          : rulesOf(this.server.read(`${RBAC}/roles`, `${namespace}/${roleRef.name}`)),
      );
    return [...clusterWide, ...own];
  }

  // ── admission ──────────────────────────────────────────────────────────────────────────────────────────────────

  #admit(
    collection: string,
    object: ApiObject,
    before: ApiObject | undefined,
    { subresource, isApply }: { readonly subresource: string; readonly isApply: boolean },
  ): ApiObject | Refusal {
    const invalid = (message: string): Refusal => ({ code: 422, reason: "Invalid", message });
    const version = object.metadata.resourceVersion;
    if (before === undefined && version !== undefined && version !== "") {
      return { code: 500, reason: "", message: "resourceVersion should not be set on objects to be created" };
    }
    if (before === undefined && !NAME.test(object.metadata.name ?? "")) {
      return invalid(`metadata.name: Invalid value: ${JSON.stringify(object.metadata.name)}`);
    }
    if (collection.endsWith("/customresourcedefinitions")) {
      const [problem] = definitionProblems(object as unknown as DefinitionObject);
      if (problem !== undefined) return invalid(problem);
    }
    const filled = collection === SETS ? (withStatefulSetDefaults(object) as ApiObject) : object;
    const problem = ownKindProblem(collection, filled, before);
    if (problem !== undefined) return problem;
    const schema = this.#schemas.get(collection);
    if (collection === "/api/v1/secrets") return withoutStringData(object);
    if (schema === undefined) return filled;
    const { object: admitted, problems, pruned } = admit(schema, object);
    if (problems.length > 0) return invalid(problems.join("; "));
    const unknown = pruned.filter((path) => path.startsWith(`.${subresource}`));
    if (isApply && unknown.length > 0) {
      return {
        code: 500,
        reason: "",
        message: `failed to create typed patch object: ${unknown.join(", ")}: field not declared in schema`,
      };
    }
    // Status is a subresource of all of ours: a create cannot set it.
    const { status, ...rest } = admitted as ApiObject;
    return (before === undefined ? rest : { ...rest, ...(status !== undefined && { status }) }) as ApiObject;
  }
}

/** What was given as text is stored as data. */
function withoutStringData(object: ApiObject): ApiObject {
  const { stringData, ...rest } = object;
  if (stringData === undefined) return object;
  const encoded = Object.entries(stringData as Readonly<Record<string, string>>).map(([key, value]) => [
    key,
    Buffer.from(value).toString("base64"),
  ]);
  return { ...rest, data: { ...(rest["data"] as object | undefined), ...Object.fromEntries(encoded) } };
}

const NAME = /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function allows(rule: Rule, { verb, group, resource, subresource, name }: ApiRequest): boolean {
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((each) => each === "*" || each === value) ?? false;
  const wanted = subresource === "" ? resource : `${resource}/${subresource}`;
  const isNamed = rule.resourceNames === undefined || rule.resourceNames.includes(name);
  return has(rule.apiGroups, group) && has(rule.resources, wanted) && has(rule.verbs, verb) && isNamed;
}

/** The checks of Kubernetes' own kinds that clients get wrong. */
function ownKindProblem(collection: string, object: ApiObject, before: ApiObject | undefined): Refusal | undefined {
  const invalid = (message: string): Refusal => ({ code: 422, reason: "Invalid", message });
  const spec = (object["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  if (collection === "/api/v1/secrets" || collection === "/api/v1/configmaps") {
    const values = Object.values((object["data"] ?? {}) as Readonly<Record<string, string>>);
    if (collection.endsWith("secrets") && values.some((value) => !/^[A-Za-z0-9+/]*={0,2}$/.test(value))) {
      return { code: 400, reason: "BadRequest", message: "illegal base64 data" };
    }
    const bytes = values.reduce((sum, { length }) => sum + length * (collection.endsWith("secrets") ? 0.75 : 1), 0);
    if (bytes > SECRET_BYTES_MAX) return invalid(`data: Too long: may not be more than ${SECRET_BYTES_MAX} bytes`);
    const bad = Object.keys((object["data"] ?? {}) as object).find((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
    if (bad !== undefined)
      return invalid(
        `data[${bad}]: Invalid value: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
      );
  }
  if (collection === "/apis/events.k8s.io/v1/events") {
    if (!MICRO_TIME.test(String(object["eventTime"]))) return { code: 400, reason: "BadRequest", message: "eventTime" };
    for (const field of ["action", "reason", "reportingController", "reportingInstance", "type"]) {
      if (String(object[field] ?? "") === "") return invalid(`${field}: Required value`);
    }
    if (String(object["note"] ?? "").length > 1024) return invalid("message: can have at most 1024 bytes");
  }
  if (collection === "/apis/coordination.k8s.io/v1/leases") {
    for (const field of ["renewTime", "acquireTime"]) {
      if (spec[field] !== undefined && !MICRO_TIME.test(String(spec[field]))) {
        return { code: 400, reason: "BadRequest", message: `spec.${field}: cannot parse` };
      }
    }
    if (before !== undefined && object.metadata.resourceVersion === undefined) {
      return invalid("metadata.resourceVersion: Invalid value: 0: must be specified for an update");
    }
  }
  if (collection === SETS) {
    const template = spec["template"] as { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
    const { matchLabels = {} } = (spec["selector"] ?? {}) as {
      readonly matchLabels?: Readonly<Record<string, string>>;
    };
    const wrong = Object.entries(matchLabels).find(([name, value]) => template.metadata?.labels?.[name] !== value);
    if (wrong !== undefined)
      return invalid("spec.template.metadata.labels: `selector` does not match template `labels`");
    if (before !== undefined) {
      const fixed = ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"];
      const old = (before["spec"] ?? {}) as Readonly<Record<string, unknown>>;
      const changed = fixed.find((field) => canonicalJson(old[field]) !== canonicalJson(spec[field]));
      if (changed !== undefined)
        return invalid(
          `spec: Forbidden: updates to statefulset spec for fields other than 'replicas', … are forbidden (${changed})`,
        );
    }
  }
  return undefined;
}

/**
 * Patches of containers, as Kubernetes' strategic merge does it for a container: objects merge field by field, lists with
 * a key item by item, all other lists are replaced.
 */
import type { Json, KubeObject } from "../../kube-object.js";

/** Lists of a container whose items are known by a field. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  ports: "containerPort",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
};

/** The generated containers with their patches, then those of which there was none of that name. */
export function mergeContainers(base: readonly KubeObject[], patches: readonly KubeObject[] | undefined): KubeObject[] {
  const byName = new Map((patches ?? []).map((patch) => [patch["name"], patch]));
  const merged = base.map((container) => {
    const patch = byName.get(container["name"]);
    byName.delete(container["name"]);
    return patch === undefined ? container : mergeContainer(container, patch);
  });
  return [...merged, ...[...byName.values()].map(addedContainer)];
}

/** A container always says its name and resources. */
export function addedContainer(container: KubeObject): KubeObject {
  return { ...container, name: container["name"] ?? "", resources: container["resources"] ?? {} };
}

function mergeContainer(base: KubeObject, patch: KubeObject): KubeObject {
  const merged = mergeObjects(base, patch);
  return Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [name, PROBES.has(name) ? oneHandler(value, patch[name]) : value]),
  );
}

function isObject(value: Json | undefined): value is KubeObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeObjects(base: KubeObject, patch: KubeObject): KubeObject {
  const out: Record<string, Json | undefined> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    const own = base[name];
    const key = MERGE_KEYS[name];
    if (value === undefined || value === null) continue;
    if (isObject(own) && isObject(value)) out[name] = mergeObjects(own, value);
    else if (Array.isArray(own) && Array.isArray(value) && key !== undefined) {
      out[name] = mergeLists(own as readonly KubeObject[], value as readonly KubeObject[], key);
    } else if (!Array.isArray(value) || value.length > 0) out[name] = value;
  }
  return out;
}

/**
 * Items of the patch come in its order. Those only in the base keep their place before the ones of the patch that they
 * stood before; an item that is new comes as early as possible.
 */
function mergeLists(base: readonly KubeObject[], patch: readonly KubeObject[], key: string): KubeObject[] {
  const placeOf = (item: KubeObject) => base.findIndex((other) => other[key] === item[key]);
  const patched = patch.map((item) => {
    const own = base[placeOf(item)];
    return own === undefined ? item : mergeObjects(own, item);
  });
  const kept = base.filter((item) => !patch.some((other) => other[key] === item[key]));
  const out: KubeObject[] = [];
  while (kept.length > 0 && patched.length > 0) {
    const place = placeOf(patched[0]!);
    out.push(place >= 0 && placeOf(kept[0]!) < place ? kept.shift()! : patched.shift()!);
  }
  return [...out, ...patched, ...kept];
}

const PROBES = new Set(["startupProbe", "readinessProbe", "livenessProbe"]);
const HANDLERS = ["httpGet", "tcpSocket", "exec", "grpc"];

/** A probe has one handler: that of the patch. */
function oneHandler(probe: Json | undefined, patch: Json | undefined): Json | undefined {
  if (!isObject(probe) || !isObject(patch)) return probe;
  if (HANDLERS.filter((name) => probe[name] !== undefined).length < 2) return probe;
  return Object.fromEntries(
    Object.entries(probe).flatMap(([name, value]) =>
      HANDLERS.includes(name) ? (patch[name] === undefined ? [] : [[name, patch[name]]]) : [[name, value]],
    ),
  );
}

/**
 * Where dashboards come from, in the control worker: files and folders that are looked at again and again, and ConfigMaps of the
 * cluster. A file or an entry of a ConfigMap is one dashboard in Grafana's JSON; only its title, tags and uid are read here.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { errorMessage, type Logger, systemTimers } from "../../base/index.js";
import {
  connectByKubeconfig,
  connectInCluster,
  DEFAULT_INFORMER_LIMITS,
  Informer,
  type KubernetesObject,
} from "../../kubernetes/index.js";
import { dashboardEntry, recordOf } from "./dashboard-entry.js";
import type { DashboardEntry, DashboardSettings } from "./dashboard-messages.js";

const USER_AGENT = "vestal-dashboards";

export interface DashboardSourceDeps {
  readonly log: Logger;
  /** Called with everything that `source` has, whenever that is something else. */
  readonly onChange: (source: string, entries: readonly DashboardEntry[]) => void;
}

/** @returns what ends it. */
export function startDashboards(settings: DashboardSettings, deps: DashboardSourceDeps): () => void {
  const ends: (() => void)[] = [];
  if (settings.paths.length > 0) ends.push(followFiles(settings, deps));
  if (settings.configMaps !== "") ends.push(followConfigMaps(settings, deps));
  return () => {
    for (const end of ends) end();
  };
}

function followFiles(settings: DashboardSettings, { log, onChange }: DashboardSourceDeps): () => void {
  let state = "";
  const look = (): void => {
    const found = settings.paths.flatMap((path) => dashboardFiles(path, log)).slice(0, settings.countMax);
    const next = found.map(({ path, stamp }) => `${path} ${stamp}`).join("\n");
    if (next === state) return;
    state = next;
    const entries = found.flatMap(({ path }) => entriesOfFile(path, settings, log)).slice(0, settings.countMax);
    onChange("files", entries);
  };
  look();
  const timer = setInterval(look, settings.rescanMs);
  return () => clearInterval(timer);
}

interface Found {
  readonly path: string;
  readonly stamp: string;
}

/** A mounted ConfigMap is a folder of links into a hidden folder, which is not looked into by itself. */
function dashboardFiles(path: string, log: Logger, depth = 0): readonly Found[] {
  try {
    const stats = statSync(path);
    if (!stats.isDirectory()) return [{ path, stamp: `${stats.mtimeMs} ${stats.size}` }];
    if (depth > 4) return [];
    return readdirSync(path)
      .filter((name) => !name.startsWith("."))
      .sort()
      .map((name) => join(path, name))
      .flatMap((each) =>
        statSync(each).isDirectory() || /^\.(json|ya?ml)$/.test(extname(each))
          ? dashboardFiles(each, log, depth + 1)
          : [],
      );
  } catch (error) {
    log.warn("A path of dashboards could not be read", { path, err: errorMessage(error) });
    return [];
  }
}

function entriesOfFile(path: string, settings: DashboardSettings, log: Logger): readonly DashboardEntry[] {
  try {
    const text = readFileSync(path, "utf8");
    if (extname(path) === ".json") return [dashboardEntry(basename(path), text, path, settings.bytesMax)];
    return parseAllDocuments(text).flatMap((document) => entriesOfManifest(document.toJS(), path, settings.bytesMax));
  } catch (error) {
    log.warn("A file of dashboards could not be read", { path, err: errorMessage(error) });
    return [];
  }
}

/** A manifest of a ConfigMap, or of a list of them; other objects have none. */
function entriesOfManifest(object: unknown, path: string, bytesMax: number): readonly DashboardEntry[] {
  const { kind, items, data, metadata } = recordOf(object);
  if (Array.isArray(items))
    return items.flatMap((item) => entriesOfManifest({ kind: "ConfigMap", ...item }, path, bytesMax));
  if (kind !== "ConfigMap") return [];
  return entriesOfData(recordOf(data), `${path} (${String(recordOf(metadata)["name"] ?? "")})`, bytesMax);
}

function entriesOfData(
  data: Readonly<Record<string, unknown>>,
  source: string,
  bytesMax: number,
): readonly DashboardEntry[] {
  return Object.entries(data)
    .filter(([name, text]) => name.endsWith(".json") && typeof text === "string")
    .map(([name, text]) => dashboardEntry(name, String(text), source, bytesMax));
}

interface DashboardMap {
  readonly key: string;
  readonly entries: readonly DashboardEntry[];
}

function followConfigMaps(settings: DashboardSettings, deps: DashboardSourceDeps): () => void {
  const maps = new Map<string, DashboardMap>();
  let end = (): void => undefined;
  let isEnded = false;
  const tell = (): void =>
    deps.onChange(
      "ConfigMaps",
      [...maps.values()]
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .flatMap(({ entries }) => entries)
        .slice(0, settings.countMax),
    );
  const reduce = (object: KubernetesObject): DashboardMap => {
    const { namespace = "", name } = object.metadata;
    const key = `${namespace}/${name}`;
    return { key, entries: entriesOfData(recordOf(recordOf(object)["data"]), `ConfigMap ${key}`, settings.bytesMax) };
  };
  const start = async (): Promise<void> => {
    const connection =
      settings.kubeconfig === ""
        ? connectInCluster(USER_AGENT)
        : await connectByKubeconfig(settings.kubeconfig, USER_AGENT);
    if (isEnded) return connection.close();
    const below = settings.namespace === "" ? "" : `/namespaces/${encodeURIComponent(settings.namespace)}`;
    const informer = new Informer(
      {
        path: `/api/v1${below}/configmaps`,
        labelSelector: settings.configMaps,
        fieldSelector: "",
        limits: DEFAULT_INFORMER_LIMITS,
      },
      reduce,
      { server: connection, timers: systemTimers, random: Math.random, log: deps.log },
    );
    let isSynced = false;
    const change = (act: () => void) => (): void => {
      act();
      if (isSynced) tell();
    };
    informer.addHandlers({
      onAdd: (map) => change(() => maps.set(map.key, map))(),
      onUpdate: (_, map) => change(() => maps.set(map.key, map))(),
      onDelete: (map) => change(() => maps.delete(map.key))(),
      onSynced: () => {
        isSynced = true;
        tell();
      },
    });
    informer.start();
    end = () => {
      informer.stop();
      connection.close();
    };
  };
  start().catch((error: unknown) => {
    // Also what the Kubernetes library throws of a kubeconfig: the server goes on without these dashboards.
    deps.log.error("ConfigMaps with dashboards cannot be followed", { err: errorMessage(error) });
  });
  return () => {
    isEnded = true;
    end();
  };
}

/**
 * A Kubernetes API server for tests: lists, paged lists, watches, streamed lists, bookmarks, versions that expire, selectors,
 * and the ways in which a real one hurts its clients (cut and silent connections, 410, 429, 403, older versions). Its answers
 * are those of the recorded dialogues of a real 1.36 (its `Status` texts in short). Objects are put in by the test.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { matchesFields, matchesLabels } from "./selectors.js";

export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly resourceVersion?: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
  readonly before: ApiObject | undefined;
}

interface Collection {
  readonly objects: Map<string, ApiObject>;
  readonly history: Change[];
}

interface Watcher {
  readonly collection: string;
  readonly matches: (object: ApiObject) => boolean;
  readonly response: ServerResponse;
}

export interface ApiServerFaults {
  /** Watches are cut this long after they begin. */
  cutWatchesMs: number | undefined;
  /** Nothing more is sent on watches, as if a wire were cut. */
  isSilent: boolean;
  /** Streamed lists are refused, as by servers before 1.32. */
  hasNoStreamedLists: boolean;
  /** Answered instead of anything else. */
  status: { readonly code: number; readonly headers?: Readonly<Record<string, string>> } | undefined;
}

const COLLECTION = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/;

export class FakeApiServer {
  readonly faults: ApiServerFaults = {
    cutWatchesMs: undefined,
    isSilent: false,
    hasNoStreamedLists: false,
    status: undefined,
  };
  /** Paths with queries, in order. */
  readonly requests: string[] = [];
  readonly #collections = new Map<string, Collection>();
  readonly #watchers = new Set<Watcher>();
  readonly #server: Server;
  #version = 100;
  /** Watches from versions below it are too old. */
  #oldest = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FakeApiServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watchCount(): number {
    return this.#watchers.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @param collection  path over all namespaces: `/api/v1/pods`. */
  put(collection: string, object: ApiObject): void {
    const { objects } = this.#collection(collection);
    const key = keyOf(object);
    const before = objects.get(key);
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    objects.set(key, stored);
    this.#publish(collection, { version, type: before === undefined ? "ADDED" : "MODIFIED", object: stored, before });
  }

  delete(collection: string, key: string): void {
    const { objects } = this.#collection(collection);
    const before = objects.get(key);
    if (before === undefined) return;
    objects.delete(key);
    const version = ++this.#version;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    this.#publish(collection, { version, type: "DELETED", object, before });
  }

  /** Makes the collection what `wanted` says, by the events that lead there. */
  sync(collection: string, wanted: readonly ApiObject[]): void {
    const { objects } = this.#collection(collection);
    const keys = new Set(wanted.map(keyOf));
    for (const key of [...objects.keys()]) if (!keys.has(key)) this.delete(collection, key);
    for (const object of wanted) {
      const known = objects.get(keyOf(object));
      if (known === undefined || !isSame(known, object)) this.put(collection, object);
    }
  }

  list(collection: string): readonly ApiObject[] {
    return [...this.#collection(collection).objects.values()];
  }

  /** Forgets all history, and ends watches by 410 where `tell`: the next watch from an older version gets it at its begin. */
  compact(tell: boolean): void {
    this.#oldest = this.#version;
    for (const { history } of this.#collections.values()) history.length = 0;
    if (tell) for (const watcher of this.#watchers) this.#expire(watcher.response);
  }

  cutAll(): void {
    for (const { response } of this.#watchers) response.destroy();
  }

  #collection(path: string): Collection {
    let collection = this.#collections.get(path);
    if (collection === undefined) {
      collection = { objects: new Map(), history: [] };
      this.#collections.set(path, collection);
    }
    return collection;
  }

  #publish(path: string, change: Change): void {
    this.#collection(path).history.push(change);
    for (const watcher of this.#watchers) if (watcher.collection === path) this.#tell(watcher, change);
  }

  /** As a watch with a selector sees it: entering is ADDED, leaving is DELETED with the content of before. */
  #tell({ matches, response }: Watcher, { type, object, before }: Change): void {
    const was = before !== undefined && matches(before);
    const is = type !== "DELETED" && matches(object);
    if (!was && !is) return;
    if (is) this.#send(response, was ? "MODIFIED" : "ADDED", object);
    else {
      const last = before ?? object;
      const metadata = { ...last.metadata, resourceVersion: object.metadata.resourceVersion };
      this.#send(response, "DELETED", { ...last, metadata });
    }
  }

  #send(response: ServerResponse, type: string, object: unknown): void {
    if (!this.faults.isSilent) response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #expire(response: ServerResponse): void {
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "Expired", code: 410 };
    this.#send(response, "ERROR", { ...status, message: "too old resource version" });
    response.end();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(request.url ?? "");
    const { status } = this.faults;
    if (status !== undefined) {
      response.writeHead(status.code, status.headers ?? {}).end("refused by the test");
      return;
    }
    const url = new URL(request.url ?? "/", "http://x");
    const path = COLLECTION.exec(url.pathname);
    if (path === null) {
      response.writeHead(404).end("404 page not found\n");
      return;
    }
    const [, group = "", namespace, name = ""] = path;
    const collection = `${group}/${name}`;
    const query = url.searchParams;
    const labels = query.get("labelSelector") ?? "";
    const fields = query.get("fieldSelector") ?? "";
    const matches = (object: ApiObject): boolean =>
      (namespace === undefined || object.metadata.namespace === decodeURIComponent(namespace)) &&
      matchesLabels(labels, object.metadata.labels ?? {}) &&
      matchesFields(fields, object);
    if (query.has("watch")) this.#watch(collection, matches, query, response);
    else this.#list(collection, matches, query, response);
  }

  #list(path: string, matches: (object: ApiObject) => boolean, query: URLSearchParams, response: ServerResponse): void {
    const limit = Number(query.get("limit") ?? 0);
    const token = query.get("continue");
    const [version, after] = token === null ? [this.#version, ""] : decodeToken(token);
    if (version < this.#oldest) {
      const status = { kind: "Status", metadata: {}, status: "Failure", reason: "Expired", code: 410 };
      json(response, 410, { ...status, message: "The provided continue parameter is too old" });
      return;
    }
    const all = [...this.#collection(path).objects.entries()]
      .filter(([key, object]) => key > after && matches(object))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = limit > 0 ? all.slice(0, limit) : all;
    const last = page.at(-1)?.[0] ?? "";
    const next = page.length < all.length ? { continue: encodeToken(version, last) } : {};
    json(response, 200, {
      kind: "List",
      apiVersion: "v1",
      metadata: { resourceVersion: String(version), ...next },
      items: page.map(([, object]) => object),
    });
  }

  #watch(
    path: string,
    matches: (object: ApiObject) => boolean,
    query: URLSearchParams,
    response: ServerResponse,
  ): void {
    const isStreamedList = query.get("sendInitialEvents") === "true";
    if (isStreamedList && this.faults.hasNoStreamedLists) {
      const message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      json(response, 422, { kind: "Status", metadata: {}, status: "Failure", reason: "Invalid", code: 422, message });
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const from = Number(query.get("resourceVersion") ?? 0);
    if (!isStreamedList && from !== 0 && from < this.#oldest) {
      this.#expire(response);
      return;
    }
    const watcher = { collection: path, matches, response };
    const { objects, history } = this.#collection(path);
    if (isStreamedList) {
      const found = [...objects.entries()].filter(([, object]) => matches(object)).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [, object] of found) this.#send(response, "ADDED", object);
      const annotations = { "k8s.io/initial-events-end": "true" };
      this.#send(response, "BOOKMARK", { metadata: { resourceVersion: String(this.#version), annotations } });
    } else for (const change of history) if (change.version > from) this.#tell(watcher, change);
    this.#watchers.add(watcher);
    const { cutWatchesMs } = this.faults;
    const timer = cutWatchesMs === undefined ? undefined : setTimeout(() => response.destroy(), cutWatchesMs);
    const seconds = Number(query.get("timeoutSeconds") ?? 0);
    const end = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined;
    response.on("close", () => {
      clearTimeout(timer);
      clearTimeout(end);
      this.#watchers.delete(watcher);
    });
  }
}

function keyOf({ metadata }: ApiObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** But for the version, which the server gives. */
function isSame(a: ApiObject, b: ApiObject): boolean {
  const plain = (object: ApiObject) => ({ ...object, metadata: { ...object.metadata, resourceVersion: "" } });
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function encodeToken(version: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start })).toString("base64url");
}

function decodeToken(token: string): readonly [version: number, start: string] {
  const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString()) as { rv: number; start: string };
  return [rv, start];
}

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
  readonly isMetadataOnly: boolean;
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

/** A request, as authorization and admission see it. */
export interface ApiRequest {
  /** "" for an administrator. */
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** What a whole cluster adds to the bare storage. */
export interface ApiHooks {
  /** Why the user may not do it. @param isReview  it is only asked whether. */
  authorize?(request: ApiRequest, isReview: boolean): string | undefined;
  /** What is stored, or why nothing is. @param before  undefined for a create. */
  admit?(
    collection: string,
    object: ApiObject,
    before: ApiObject | undefined,
    how: { readonly subresource: string; readonly isApply: boolean },
  ): ApiObject | Refusal;
}

const OBJECT =
  /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)\/([^/]+)(?:\/(status|scale|eviction))?$/;
const COLLECTION = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/;

export class FakeApiServer {
  readonly faults: ApiServerFaults = {
    cutWatchesMs: undefined,
    isSilent: false,
    hasNoStreamedLists: false,
    status: undefined,
  };
  readonly hooks: ApiHooks = {};
  /** Answers of paths that are no collections: `/version`, `/apis/GROUP/VERSION`. */
  readonly documents = new Map<string, unknown>();
  /** `VERB GROUP/RESOURCE` that this client must not do, as SelfSubjectAccessReview tells. */
  readonly forbidden = new Set<string>();
  /** Methods and paths of writes that are refused once, with the status: a conflict, a field that cannot be changed. */
  readonly refusals: {
    readonly method: string;
    readonly path: RegExp;
    readonly code: number;
    readonly message?: string;
  }[] = [];
  /** Methods (but GET) and paths with queries, in order. */
  readonly requests: string[] = [];
  readonly #collections = new Map<string, Collection>();
  readonly #watchers = new Set<Watcher>();
  readonly #server: Server;
  #version = 100;
  #uids = 0;
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

  /** The object, or undefined. @param key  `namespace/name`, or a name. */
  read(collection: string, key: string): ApiObject | undefined {
    return this.#collection(collection).objects.get(key);
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
  #tell({ matches, isMetadataOnly, response }: Watcher, { type, object, before }: Change): void {
    const shown = (each: ApiObject): ApiObject => (isMetadataOnly ? partial(each) : each);
    const was = before !== undefined && matches(before);
    const is = type !== "DELETED" && matches(object);
    if (!was && !is) return;
    if (is) this.#send(response, was ? "MODIFIED" : "ADDED", shown(object));
    else {
      const last = before ?? object;
      const metadata = { ...last.metadata, resourceVersion: object.metadata.resourceVersion ?? "" };
      this.#send(response, "DELETED", shown({ ...last, metadata }));
    }
  }

  #send(response: ServerResponse, type: string, object: unknown): void {
    // A watch that a test has just ended is still told what the same change brings.
    if (!this.faults.isSilent && !response.writableEnded) response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #expire(response: ServerResponse): void {
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "Expired", code: 410 };
    this.#send(response, "ERROR", { ...status, message: "too old resource version" });
    response.end();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method === "GET" ? "" : `${request.method} `}${request.url ?? ""}`);
    const { status } = this.faults;
    if (status !== undefined) {
      response.writeHead(status.code, status.headers ?? {}).end("refused by the test");
      return;
    }
    const url = new URL(request.url ?? "/", "http://x");
    const refused = this.#authorize(request, url);
    if (refused !== undefined) {
      request.resume();
      refuse(response, 403, "Forbidden", refused);
      return;
    }
    if (request.method !== "GET") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => this.#write(request, url, Buffer.concat(parts).toString("utf8"), response));
      return;
    }
    const document = this.documents.get(url.pathname);
    if (document !== undefined) {
      json(response, 200, document);
      return;
    }
    const path = COLLECTION.exec(url.pathname);
    if (path === null) {
      this.#getObject(url, response);
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
    const accept = request.headers.accept ?? "";
    if (query.has("watch")) {
      const isMetadataOnly = /as=PartialObjectMetadata[;,]/.test(accept);
      this.#watch(collection, matches, query, isMetadataOnly, response);
    } else this.#list(collection, matches, query, accept.includes("as=PartialObjectMetadataList"), response);
  }

  #authorize(request: IncomingMessage, url: URL): string | undefined {
    const user = String(request.headers["impersonate-user"] ?? "");
    const object = OBJECT.exec(url.pathname);
    const found = object ?? COLLECTION.exec(url.pathname);
    if (this.hooks.authorize === undefined || found === null || this.documents.has(url.pathname)) return undefined;
    const [, root = "", within = "", resource = "", name = "", subresource = ""] = found;
    // A namespace lies in itself.
    const namespace = resource === "namespaces" && root === "/api/v1" ? name : within;
    const { method = "" } = request;
    const isWatch = url.searchParams.has("watch");
    const verb = verbOf(method, object !== null, isWatch);
    const group = root === "/api/v1" ? "" : (root.split("/")[2] ?? "");
    return this.hooks.authorize({ user, verb, group, resource, subresource, namespace, name }, false);
  }

  #getObject(url: URL, response: ServerResponse): void {
    const found = OBJECT.exec(url.pathname);
    const [, group = "", namespace, plural = "", name = ""] = found ?? [];
    const object = this.read(`${group}/${plural}`, objectKey(namespace, name));
    if (object === undefined) refuse(response, 404, "NotFound", `${plural} "${name}" not found`);
    else json(response, 200, object);
  }

  #write(request: IncomingMessage, url: URL, text: string, response: ServerResponse): void {
    const { method = "" } = request;
    const planned = this.refusals.findIndex((each) => each.method === method && each.path.test(url.pathname));
    if (planned >= 0) {
      const { code, message = "planned by the test" } = this.refusals[planned]!;
      this.refusals.splice(planned, 1);
      refuse(response, code, code === 409 ? "Conflict" : "Invalid", message);
      return;
    }
    const body = (text === "" ? {} : JSON.parse(text)) as ApiObject;
    if (url.pathname.endsWith("/selfsubjectaccessreviews")) {
      const attributes = (body as unknown as { spec: { resourceAttributes: Readonly<Record<string, string>> } }).spec
        .resourceAttributes;
      const { group = "", resource = "", verb = "", namespace = "", name = "", subresource = "" } = attributes;
      const user = String(request.headers["impersonate-user"] ?? "");
      const asked = { user, verb, group, resource, subresource, namespace, name };
      const isRefused =
        this.forbidden.has(`${verb} ${group}/${resource}`) || this.hooks.authorize?.(asked, true) !== undefined;
      json(response, 201, { ...body, status: { allowed: !isRefused } });
      return;
    }
    if (method === "POST" && !url.pathname.endsWith("/eviction")) this.#create(url, body, response);
    else this.#change(method, url, body, request.headers["content-type"] ?? "", response);
  }

  #create(url: URL, body: ApiObject, response: ServerResponse): void {
    const path = COLLECTION.exec(url.pathname);
    if (path === null) {
      response.writeHead(404).end("404 page not found\n");
      return;
    }
    const [, group = "", namespace, plural = ""] = path;
    const key = objectKey(namespace, body.metadata.name);
    if (this.read(`${group}/${plural}`, key) !== undefined) {
      refuse(response, 409, "AlreadyExists", `${plural} "${body.metadata.name}" already exists`);
      return;
    }
    const admitted = this.hooks.admit?.(`${group}/${plural}`, body, undefined, { subresource: "", isApply: false });
    if (admitted !== undefined && isRefusal(admitted)) {
      refuse(response, admitted.code, admitted.reason, admitted.message);
      return;
    }
    const content = admitted ?? body;
    const metadata = {
      ...content.metadata,
      ...(namespace !== undefined && { namespace: decodeURIComponent(namespace) }),
      uid: `uid-${++this.#uids}`,
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    };
    this.put(`${group}/${plural}`, { ...content, metadata });
    json(response, 201, this.read(`${group}/${plural}`, key));
    // What is made for an owner that is gone is collected at once.
    const owners = (body.metadata["ownerReferences"] ?? []) as readonly { readonly uid?: string }[];
    if (owners.length > 0 && !owners.some(({ uid }) => this.#hasUid(uid)))
      this.#remove(`${group}/${plural}`, key, false);
  }

  #hasUid(uid: string | undefined): boolean {
    return [...this.#collections.values()].some(({ objects }) =>
      [...objects.values()].some(({ metadata }) => metadata["uid"] === uid),
    );
  }

  #change(method: string, url: URL, body: ApiObject, contentType: string, response: ServerResponse): void {
    const [, group = "", namespace, plural = "", name = "", status] = OBJECT.exec(url.pathname) ?? [];
    const collection = `${group}/${plural}`;
    const key = objectKey(namespace, name);
    const before = this.read(collection, key);
    if (before === undefined) {
      refuse(response, 404, "NotFound", `${plural} "${name}" not found`);
      return;
    }
    if (status === "eviction") {
      this.#remove(collection, key, false);
      json(response, 201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
      return;
    }
    if (method === "DELETE") {
      const { propagationPolicy } = body as unknown as { propagationPolicy?: string };
      this.#remove(collection, key, propagationPolicy === "Orphan");
      json(response, 200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
      return;
    }
    const { resourceVersion } = body.metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      const message = `Operation cannot be fulfilled on ${plural} "${name}": the object has been modified`;
      refuse(response, 409, "Conflict", message);
      return;
    }
    const isPatch = method === "PATCH";
    const next: ApiObject = isPatch ? (mergePatch(before, body) as ApiObject) : body;
    const isApply = contentType.startsWith("application/apply-patch");
    const merged: ApiObject =
      status === undefined
        ? { ...next, status: before["status"] }
        : { ...before, status: isApply ? body["status"] : next["status"] };
    const admitted = this.hooks.admit?.(collection, merged, before, { subresource: status ?? "", isApply });
    if (admitted !== undefined && isRefusal(admitted)) {
      refuse(response, admitted.code, admitted.reason, admitted.message);
      return;
    }
    const content = admitted ?? merged;
    const spec = JSON.stringify(content["spec"]) !== JSON.stringify(before["spec"]);
    const generation = Number(before.metadata["generation"] ?? 1) + (spec ? 1 : 0);
    const { uid, creationTimestamp } = before.metadata;
    const own = status === undefined ? content.metadata : before.metadata;
    const after = {
      ...content,
      metadata: { ...own, namespace: before.metadata.namespace, name, uid, creationTimestamp, generation },
    } as ApiObject;
    if (!isSame(before, after)) this.put(collection, after);
    json(response, 200, this.read(collection, key));
  }

  /** With what it owns, unless that is to stay. */
  #remove(collection: string, key: string, isOrphaning: boolean): void {
    const object = this.read(collection, key);
    const uid = object?.metadata["uid"];
    this.delete(collection, key);
    if (uid === undefined) return;
    for (const [path, { objects }] of this.#collections) {
      for (const [each, owned] of objects) {
        const owners = (owned.metadata["ownerReferences"] ?? []) as readonly { readonly uid?: string }[];
        if (!owners.some((owner) => owner.uid === uid)) continue;
        const left = owners.filter((owner) => owner.uid !== uid);
        if (isOrphaning) this.put(path, { ...owned, metadata: { ...owned.metadata, ownerReferences: left } });
        else if (left.length === 0) this.#remove(path, each, false);
      }
    }
  }

  #list(
    path: string,
    matches: (object: ApiObject) => boolean,
    query: URLSearchParams,
    isMetadataOnly: boolean,
    response: ServerResponse,
  ): void {
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
      items: page.map(([, object]) => (isMetadataOnly ? partial(object) : object)),
    });
  }

  #watch(
    path: string,
    matches: (object: ApiObject) => boolean,
    query: URLSearchParams,
    isMetadataOnly: boolean,
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
    const watcher = { collection: path, matches, isMetadataOnly, response };
    const { objects, history } = this.#collection(path);
    if (isStreamedList) {
      const found = [...objects.entries()].filter(([, object]) => matches(object)).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [, object] of found) this.#send(response, "ADDED", isMetadataOnly ? partial(object) : object);
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

function verbOf(method: string, isObject: boolean, isWatch: boolean): string {
  if (method === "GET") return isWatch ? "watch" : isObject ? "get" : "list";
  return (
    { POST: "create", PUT: "update", PATCH: "patch", DELETE: isObject ? "delete" : "deletecollection" }[method] ??
    method
  );
}

function isRefusal(admitted: ApiObject | Refusal): admitted is Refusal {
  return "code" in admitted && "reason" in admitted;
}

function partial({ metadata }: ApiObject): ApiObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

function keyOf({ metadata }: ApiObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** But for the version, which the server gives. */
function isSame(a: ApiObject, b: ApiObject): boolean {
  const plain = (object: ApiObject) => ({ ...object, metadata: { ...object.metadata, resourceVersion: "" } });
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined
    ? decodeURIComponent(name)
    : `${decodeURIComponent(namespace)}/${decodeURIComponent(name)}`;
}

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  json(response, code, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, message, code });
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
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

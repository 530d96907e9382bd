/**
 * A cache of one collection of the Kubernetes API that follows it: a list, then a watch from where the list was, for ever.
 *
 *   stream ─ ADDED … BOOKMARK(initial-events-end) ─┐                 ┌─ BOOKMARK: the version moves on
 *   (servers before 1.32 refuse it: pages of 500)  ├─► replace ─► watch ─ ADDED, MODIFIED, DELETED ─► handlers
 *   list ─ page ─ page ─────────────────────────── ┘     ▲           │ ended, cut, silent: again from the last version
 *                                                        └── 410 ────┘ or a line that is no JSON: everything anew
 *
 * A list that replaces another calls handlers for the differences only, so nothing flaps. Objects are reduced to what is
 * needed before they are kept. Handlers are called in order, never while a list is incomplete.
 */
import { errorMessage, type Logger, type Timers, VestalError } from "../base/index.js";
import type { HttpStream } from "../http/index.js";
import { linesOf } from "./lines.js";

/** What every object has; items of lists have no kind. */
export interface KubernetesObject {
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly ownerReferences?: readonly OwnerReference[] | null;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

/** Where the API server is asked; `KubernetesConnection` is one. */
export interface ApiServer {
  request(request: {
    readonly path: string;
    readonly timeoutMs: number;
    readonly bodyBytesMax: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }>;
  stream(request: {
    readonly path: string;
    readonly timeoutMs: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  }): Promise<HttpStream>;
}

export interface InformerOptions {
  /** The collection: `/api/v1/namespaces/NS/pods`, or `/api/v1/pods` for all namespaces. */
  readonly path: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** The server sends metadata only: of Secrets, their content never crosses the wire. */
  readonly isMetadataOnly?: boolean;
  readonly limits: InformerLimits;
}

export interface InformerLimits {
  /** Of one object in a watch. */
  readonly objectBytesMax: number;
  /** Of one page of a list. */
  readonly pageBytesMax: number;
  readonly pageObjects: number;
  readonly requestTimeoutMs: number;
  /** The server is asked to end a watch after this time, and at most twice of it. */
  readonly watchMs: number;
  /** A watch without any byte for so long is taken for dead: servers send a bookmark each minute. */
  readonly silenceMs: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export const DEFAULT_INFORMER_LIMITS: InformerLimits = {
  objectBytesMax: 16 * 1024 * 1024,
  pageBytesMax: 256 * 1024 * 1024,
  pageObjects: 500,
  requestTimeoutMs: 60_000,
  watchMs: 300_000,
  silenceMs: 180_000,
  backoffMs: 800,
  backoffMsMax: 30_000,
};

/** What is kept of an object; `before` is what this function kept of it until now. */
export type Reduce<T> = (object: KubernetesObject, before: unknown) => T;

export interface InformerHandlers<T> {
  onAdd?(object: T): void;
  onUpdate?(before: T, after: T): void;
  onDelete?(object: T): void;
  /** The first complete list is in the store, and its `onAdd` calls were made. */
  onSynced?(): void;
  /** A list or a watch failed; it is tried again. */
  onFailure?(reason: string): void;
}

export interface InformerDeps {
  readonly server: ApiServer;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
}

/** A list and a watch are asked for by different names; a server that knows neither sends whole objects. */
function acceptMetadata(kind: "PartialObjectMetadata" | "PartialObjectMetadataList"): Readonly<Record<string, string>> {
  return { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` };
}

/** A list or watch that ends sooner counts as a failure, from the second in a row on: a list in pages is short by nature. */
const SHORT_WATCH_MS = 500;

/** Why a stream ended: what to do next. */
type Ending = "again" | "anew";

interface Listed<T> {
  readonly object: T;
  readonly version: string;
}

interface WatchEvent {
  readonly type: string;
  readonly object: KubernetesObject & { readonly code?: number; readonly message?: string };
}

export class Informer<T> {
  readonly #options: InformerOptions;
  readonly #reduce: Reduce<T>;
  readonly #deps: InformerDeps;
  readonly #handlers = new Set<InformerHandlers<T>>();
  readonly #stop = new AbortController();
  #store = new Map<string, T>();
  /** Versions of the objects in the store: what a new list has in the same version did not change. */
  #versions = new Map<string, string>();
  #version = "";
  #isSynced = false;
  #isStarted = false;
  /** Servers that refuse a streamed list are asked for pages from then on. */
  #canStream = true;
  #failures = 0;
  #shortWatches = 0;

  constructor(options: InformerOptions, reduce: Reduce<T>, deps: InformerDeps) {
    this.#options = options;
    this.#reduce = reduce;
    this.#deps = deps;
  }

  /** What is there, by `namespace/name`, or the name alone of what has no namespace. */
  get store(): ReadonlyMap<string, T> {
    return this.#store;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** A handler that comes later is called for what is there already. Returns what takes it away. */
  addHandlers(handlers: InformerHandlers<T>): () => void {
    this.#handlers.add(handlers);
    if (this.#isSynced) {
      for (const object of this.#store.values()) handlers.onAdd?.(object);
      handlers.onSynced?.();
    }
    return () => this.#handlers.delete(handlers);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run(); // ends with `stop`; each failure inside is reported and tried again
  }

  stop(): void {
    this.#stop.abort();
    this.#handlers.clear();
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    let next: Ending = "anew";
    while (!this.#isStopped) {
      try {
        const begunMs = performance.now();
        next = next === "anew" ? await this.#list() : await this.#watch();
        // A server that ends each watch at once must not be asked without pause.
        if (performance.now() - begunMs < SHORT_WATCH_MS && this.#shortWatches++ > 0) await this.#pause(undefined);
        else {
          this.#failures = 0;
          if (performance.now() - begunMs >= SHORT_WATCH_MS) this.#shortWatches = 0;
        }
      } catch (error) {
        if (this.#isStopped) return;
        if (error instanceof SyntaxError || (error instanceof VestalError && error.code === "LINE_TOO_LONG"))
          next = "anew";
        const reason = errorMessage(error);
        for (const handlers of this.#handlers) handlers.onFailure?.(reason);
        this.#deps.log.warn("Following a Kubernetes collection failed; it is tried again", {
          path: this.#options.path,
          err: reason,
        });
        await this.#pause(error);
      }
    }
  }

  /** Longer after each failure in a row, or as long as the server asks for. */
  #pause(error: unknown): Promise<void> {
    const { backoffMs, backoffMsMax } = this.#options.limits;
    const asked = error instanceof VestalError ? Number(error.details["retryAfterMs"] ?? 0) : 0;
    const grown = Math.min(backoffMs * 2 ** Math.min(this.#failures++, 16), backoffMsMax);
    const ms = Math.max(asked, grown * (1 + this.#deps.random() * 0.5));
    return new Promise((resolve) => {
      const cancel = this.#deps.timers.after(ms, done);
      const { signal } = this.#stop;
      function done(): void {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }

  // ── list ───────────────────────────────────────────────────────────────────────────────────────────────────────

  async #list(): Promise<Ending> {
    if (this.#canStream) {
      const ending = await this.#listAsStream();
      if (ending !== undefined) return ending;
      this.#canStream = false;
    }
    return this.#listInPages();
  }

  /** Undefined where the server does not know streamed lists. Else the stream goes on as the watch, until it ends. */
  async #listAsStream(): Promise<Ending | undefined> {
    const query = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };
    const stream = await this.#open(query);
    if (stream === undefined) return undefined;
    return this.#follow(stream, new Map());
  }

  async #listInPages(): Promise<Ending> {
    const found = new Map<string, Listed<T>>();
    const { pageObjects, pageBytesMax, requestTimeoutMs } = this.#options.limits;
    let token = "";
    let version = "";
    do {
      const path = this.#path({ limit: String(pageObjects), ...(token !== "" && { continue: token }) });
      const answer = await this.#deps.server.request({
        path,
        timeoutMs: requestTimeoutMs,
        bodyBytesMax: pageBytesMax,
        ...(this.#options.isMetadataOnly && { headers: acceptMetadata("PartialObjectMetadataList") }),
        signal: this.#stop.signal,
      });
      if (answer.status === 410) return "anew"; // the token is too old: begin again
      if (answer.status !== 200) throw refusal(path, answer.status, answer.headers, answer.body.toString("utf8"));
      const list = JSON.parse(answer.body.toString("utf8")) as {
        readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
        readonly items?: readonly KubernetesObject[] | null;
      };
      for (const object of list.items ?? []) found.set(keyOf(object), this.#listed(object));
      version = list.metadata?.resourceVersion ?? "";
      token = list.metadata?.continue ?? "";
    } while (token !== "" && !this.#isStopped);
    this.#replace(found, version);
    return "again";
  }

  /** The list becomes what is there: handlers hear what differs. */
  #replace(found: ReadonlyMap<string, Listed<T>>, version: string): void {
    const before = this.#store;
    const versions = this.#versions;
    this.#version = version;
    this.#store = new Map();
    this.#versions = new Map();
    const changed: (readonly [before: T | undefined, after: T])[] = [];
    for (const [key, listed] of found) {
      const known = before.get(key);
      const isSame = known !== undefined && listed.version !== "" && versions.get(key) === listed.version;
      if (!isSame) changed.push([known, listed.object]);
      this.#store.set(key, isSame ? known : listed.object);
      this.#versions.set(key, listed.version);
    }
    for (const [key, object] of before) {
      if (!found.has(key)) for (const handlers of this.#handlers) handlers.onDelete?.(object);
    }
    for (const [known, after] of changed) this.#tell(known, after);
    if (this.#isSynced) return;
    this.#isSynced = true;
    for (const handlers of this.#handlers) handlers.onSynced?.();
  }

  #tell(before: T | undefined, after: T): void {
    for (const handlers of this.#handlers) {
      if (before === undefined) handlers.onAdd?.(after);
      else handlers.onUpdate?.(before, after);
    }
  }

  // ── watch ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #watch(): Promise<Ending> {
    const stream = await this.#open({ resourceVersion: this.#version });
    if (stream === undefined) return "anew";
    return this.#follow(stream, undefined);
  }

  /** Undefined where the server refuses the parameters themselves. */
  async #open(query: Readonly<Record<string, string>>): Promise<HttpStream | undefined> {
    const { watchMs, requestTimeoutMs } = this.#options.limits;
    const seconds = Math.ceil((watchMs / 1000) * (1 + this.#deps.random()));
    const path = this.#path({ watch: "true", allowWatchBookmarks: "true", timeoutSeconds: String(seconds), ...query });
    const stream = await this.#deps.server.stream({
      path,
      timeoutMs: requestTimeoutMs,
      ...(this.#options.isMetadataOnly && { headers: acceptMetadata("PartialObjectMetadata") }),
      signal: this.#stop.signal,
    });
    if (stream.status === 200) return stream;
    const body = await textOf(stream);
    if (stream.status === 400 || stream.status === 410 || stream.status === 422) return undefined;
    throw refusal(path, stream.status, stream.headers, body);
  }

  /** @param initial  gathers the objects of a streamed list up to its end mark; undefined in a plain watch. */
  async #follow(stream: HttpStream, initial: Map<string, Listed<T>> | undefined): Promise<Ending> {
    const { silenceMs, objectBytesMax, watchMs } = this.#options.limits;
    let gathered = initial;
    const give = (why: string) => (): void => {
      stream.body.destroy(new VestalError("WATCH_SILENT", why));
    };
    const stopLong = this.#deps.timers.after(
      2 * watchMs + silenceMs,
      give("the watch goes on for longer than it was asked to"),
    );
    let stopSilence = this.#deps.timers.after(silenceMs, give(`no byte for ${silenceMs / 1000} seconds`));
    const alive = (): void => {
      stopSilence();
      stopSilence = this.#deps.timers.after(silenceMs, give(`no byte for ${silenceMs / 1000} seconds`));
    };
    try {
      for await (const line of linesOf(stream.body as AsyncIterable<Uint8Array>, objectBytesMax, alive)) {
        if (this.#isStopped) break;
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === "ERROR") return endingOf(event);
        if (gathered !== undefined) {
          if (isEndMark(event)) {
            this.#replace(gathered, event.object.metadata.resourceVersion ?? "");
            gathered = undefined;
          } else if (event.type === "ADDED") gathered.set(keyOf(event.object), this.#listed(event.object));
        } else this.#take(event);
      }
    } catch (error) {
      // A stream that is cut, or silent, is nothing to wait for: what it has told counts, and the next one goes on there.
      if (error instanceof SyntaxError || (error instanceof VestalError && error.code === "LINE_TOO_LONG")) throw error;
      if (gathered !== undefined) throw error;
    } finally {
      stopLong();
      stopSilence();
      stream.body.on("error", ignoreUnread).destroy();
    }
    if (gathered === undefined) return "again";
    // Before its end mark: a server that streams lists without marks, or one that went away.
    if (!this.#isStopped && gathered.size === 0) this.#canStream = false;
    throw new VestalError("WATCH_ENDED", "the stream ended before the list was complete");
  }

  #take({ type, object }: WatchEvent): void {
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined) this.#version = resourceVersion;
    if (type === "BOOKMARK") return;
    const key = keyOf(object);
    const before = this.#store.get(key);
    if (type === "DELETED") {
      if (before === undefined) return;
      this.#store.delete(key);
      this.#versions.delete(key);
      for (const handlers of this.#handlers) handlers.onDelete?.(before);
      return;
    }
    const after = this.#reduce(object, before);
    this.#store.set(key, after);
    this.#versions.set(key, resourceVersion ?? "");
    this.#tell(before, after);
  }

  #listed(object: KubernetesObject): Listed<T> {
    return {
      object: this.#reduce(object, this.#store.get(keyOf(object))),
      version: object.metadata.resourceVersion ?? "",
    };
  }

  #path(query: Readonly<Record<string, string>>): string {
    const { path, labelSelector, fieldSelector } = this.#options;
    const all = new URLSearchParams(query);
    if (labelSelector !== "") all.set("labelSelector", labelSelector);
    if (fieldSelector !== "") all.set("fieldSelector", fieldSelector);
    return `${path}?${all}`;
  }
}

/** `namespace/name`, or the name where there is no namespace. */
export function keyOf({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined || metadata.namespace === ""
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

function isEndMark({ type, object }: WatchEvent): boolean {
  return type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
}

/** A version that is too old means a new list; anything else is a failure, after which the same is tried again. */
function endingOf({ object }: WatchEvent): Ending {
  if (object.code === 410 || object.code === 504) return "anew";
  throw new VestalError(
    "WATCH_ERROR",
    `the server ended the watch: ${object.message ?? object.code ?? "no reason given"}`,
  );
}

function refusal(path: string, status: number, headers: Readonly<Record<string, string>>, body: string): VestalError {
  let reason = body.trim().slice(0, 300);
  try {
    reason = (JSON.parse(body) as { readonly message?: string }).message ?? reason;
  } catch {
    // Not every refusal is a Status: overload and unknown paths answer in plain text.
  }
  const seconds = Number(headers["retry-after"] ?? 0);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  return new VestalError("KUBERNETES_REFUSED", `${path}: status ${status}: ${reason}`, { status, retryAfterMs });
}

async function textOf(stream: HttpStream): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream.body as AsyncIterable<Uint8Array>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > 65_536) break;
  }
  return Buffer.concat(parts).toString("utf8");
}

/** The rest of a stream that nobody reads may fail to arrive. */
function ignoreUnread(): void {}

/** Kubernetes events: what a user must know of an object, where `kubectl describe` shows it. Best effort: losing one loses nothing. */
import { errorMessage, type Logger } from "../../base/index.js";
import type { KubernetesApi } from "../../kubernetes/index.js";
import type { ObjectMeta } from "../kube-object.js";

const REPEAT_MS = 600_000;
const REMEMBERED_MAX = 10_000;
/** Of the API, which counts bytes. */
const NOTE_BYTES_MAX = 1024;

export interface RegardedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

export class EventRecorder {
  readonly #api: KubernetesApi;
  readonly #log: Logger;
  readonly #instance: string;
  /** When each event was told last: the same is not told again soon. */
  readonly #told = new Map<string, number>();

  constructor(api: KubernetesApi, log: Logger, instance: string) {
    this.#api = api;
    this.#log = log;
    this.#instance = instance;
  }

  warn({ apiVersion, kind, metadata }: RegardedObject, action: string, reason: string, note: string): void {
    const { namespace = "default", name = "", uid = "" } = metadata ?? {};
    const nowMs = Date.now();
    const key = JSON.stringify([uid, reason, note]);
    if (nowMs - (this.#told.get(key) ?? 0) < REPEAT_MS) return;
    if (this.#told.size >= REMEMBERED_MAX) this.#told.clear();
    this.#told.set(key, nowMs);
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: `${name}.${nowMs.toString(16)}`, namespace },
      eventTime: new Date(nowMs).toISOString().replace("Z", "000Z"),
      reportingController: "prometheus-operator",
      reportingInstance: this.#instance,
      action,
      reason,
      regarding: { apiVersion, kind, namespace, name, uid },
      note: cutToBytes(note, NOTE_BYTES_MAX),
      type: "Warning",
    };
    this.#api
      .create(`/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`, event)
      .catch((error: unknown) => {
        this.#log.debug("An event could not be written", { err: errorMessage(error) });
      });
  }
}

/** Never in the middle of a character. */
export function cutToBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

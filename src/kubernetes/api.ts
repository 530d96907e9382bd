/** Reading and writing single objects of the Kubernetes API. Expected refusals are values or errors with their status. */
import { VestalError } from "../base/index.js";
import type { KubernetesConnection } from "./connection.js";

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export type JsonObject = { readonly [key: string]: unknown };

export interface StoredObject extends JsonObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly [key: string]: unknown;
  };
}

/** A refusal: `details.status` is the HTTP status, `details.reason` Kubernetes' word for it. */
export class KubernetesError extends VestalError {
  get status(): number {
    return Number(this.details["status"] ?? 0);
  }
}

export type PropagationPolicy = "Background" | "Foreground" | "Orphan";

export class KubernetesApi {
  readonly #connection: KubernetesConnection;
  readonly #fieldManager: string;

  constructor(connection: KubernetesConnection, fieldManager: string) {
    this.#connection = connection;
    this.#fieldManager = fieldManager;
  }

  /** Undefined if there is no such object. */
  async get(path: string): Promise<StoredObject | undefined> {
    try {
      return (await this.#ask("GET", path)) as StoredObject;
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All at once: for small collections. */
  async list(path: string, labelSelector = ""): Promise<readonly StoredObject[]> {
    const query = labelSelector === "" ? "" : `?labelSelector=${encodeURIComponent(labelSelector)}`;
    const { items } = await this.#ask("GET", path + query);
    return (items ?? []) as readonly StoredObject[];
  }

  /** @param path  of the collection, in its namespace. */
  create(path: string, object: JsonObject): Promise<StoredObject> {
    return this.#ask("POST", `${path}?fieldManager=${this.#fieldManager}`, object) as Promise<StoredObject>;
  }

  /** With the version that the object carries: somebody else's change in between is a 409. */
  replace(path: string, object: JsonObject): Promise<StoredObject> {
    return this.#ask("PUT", `${path}?fieldManager=${this.#fieldManager}`, object) as Promise<StoredObject>;
  }

  mergePatch(path: string, patch: JsonObject): Promise<StoredObject> {
    const type = "application/merge-patch+json";
    return this.#ask("PATCH", `${path}?fieldManager=${this.#fieldManager}`, patch, type) as Promise<StoredObject>;
  }

  /** Server-side apply of the status, other owners' fields overruled. */
  applyStatus(path: string, object: JsonObject): Promise<StoredObject> {
    const query = `fieldManager=${this.#fieldManager}&force=true`;
    return this.#ask(
      "PATCH",
      `${path}/status?${query}`,
      object,
      "application/apply-patch+yaml",
    ) as Promise<StoredObject>;
  }

  /** False if there was no such object. */
  async delete(path: string, propagationPolicy: PropagationPolicy = "Background"): Promise<boolean> {
    try {
      await this.#ask("DELETE", path, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy });
      return true;
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return false;
      throw error;
    }
  }

  /** Any document that is no object: `/version`, `/apis/…`. Undefined where the path is not known. */
  async document(path: string): Promise<JsonObject | undefined> {
    return this.get(path);
  }

  /** Whether this client may do it: a SelfSubjectAccessReview. */
  async isAllowed(attributes: JsonObject): Promise<boolean> {
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: attributes },
    };
    const answer = await this.#ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
    return (answer["status"] as { readonly allowed?: boolean } | undefined)?.allowed === true;
  }

  async #ask(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: JsonObject,
    contentType = "application/json",
  ): Promise<JsonObject> {
    const answer = await this.#connection.request({
      method,
      path,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": contentType } }),
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: ANSWER_BYTES_MAX,
    });
    const text = answer.body.toString("utf8");
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(text) as JsonObject;
    throw refusalOf(method, path, answer.status, text);
  }
}

function refusalOf(method: string, path: string, status: number, text: string): KubernetesError {
  let message = text.trim().slice(0, 500);
  let reason = "";
  try {
    const body = JSON.parse(text) as { readonly message?: string; readonly reason?: string };
    message = body.message ?? message;
    reason = body.reason ?? "";
  } catch {
    // Overload and unknown paths answer in plain text.
  }
  const what = `${method} ${path.split("?")[0]}`;
  return new KubernetesError("KUBERNETES_REFUSED", `${what}: status ${status}: ${message}`, { status, reason });
}

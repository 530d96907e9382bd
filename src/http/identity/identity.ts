/**
 * Requests that prove who we are as clouds want it: each gets headers that depend on it (a signature) or on a token that a
 * server of the cloud gives. Secrets, token files and the environment are looked at when a token is fetched.
 */
import type { AzureOptions } from "./azure.js";
import type { GoogleOptions } from "./google.js";
import type { AwsOptions } from "./sigv4.js";

export type IdentityOptions =
  | ({ readonly kind: "sigv4" } & AwsOptions)
  | ({ readonly kind: "azuread" } & AzureOptions)
  | ({ readonly kind: "google_iam" } & GoogleOptions);

/** What a signature covers. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string | undefined;
  readonly body: string | Uint8Array | undefined;
}

export interface Identity {
  /** @throws VestalError IDENTITY if there are no credentials or no token, HTTP_FAILED, HTTP_TIMEOUT. */
  headers(request: SignedRequest): Promise<Readonly<Record<string, string>>>;
}

/** A request to a server of tokens or credentials, and its whole answer. */
export type AskTokens = (request: {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}) => Promise<{ readonly status: number; readonly body: Buffer }>;

export interface IdentityDeps {
  readonly ask: AskTokens;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

export interface Expiring<T> {
  readonly value: T;
  /** Wall clock; Infinity for what never ends. */
  readonly renewMs: number;
}

/** Keeps a value until it is to be renewed; whoever asks meanwhile waits for the one request. A failure is not kept. */
export function renewing<T>(nowMs: () => number, fetch: () => Promise<Expiring<T>>): () => Promise<T> {
  let known: Expiring<T> | undefined;
  let running: Promise<Expiring<T>> | undefined;
  return async () => {
    if (known !== undefined && nowMs() < known.renewMs) return known.value;
    running ??= fetch().finally(() => {
      running = undefined;
    });
    known = await running;
    return known.value;
  };
}

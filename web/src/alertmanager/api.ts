/** Questions to an Alertmanager's API, version 2. `base` is where it is reached: empty for pages that it serves itself, else it ends in a slash. */
import type { Labels } from "../api.js";
import { type Matcher, matcherText } from "./matchers.js";

export type { Matcher };

export interface Alert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: "unprocessed" | "active" | "suppressed";
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy: readonly string[];
  };
}

export interface AlertGroup {
  readonly labels: Labels;
  readonly receiver: { readonly name: string };
  readonly alerts: readonly Alert[];
}

export interface NewSilence {
  /** Of the silence that is changed; the Alertmanager makes a new one if it cannot be. */
  readonly id?: string;
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

export interface Silence extends NewSilence {
  readonly id: string;
  readonly updatedAt: string;
  readonly status: { readonly state: "active" | "pending" | "expired" };
}

export interface Status {
  readonly cluster: {
    readonly name?: string;
    readonly status: string;
    readonly peers?: readonly { readonly name: string; readonly address: string }[];
  };
  readonly versionInfo: Labels;
  readonly config: { readonly original: string };
  readonly uptime: string;
}

export interface AlertQuery {
  readonly matchers: readonly Matcher[];
  /** A regular expression; empty for all. */
  readonly receiver: string;
  readonly isActive: boolean;
  readonly isSilenced: boolean;
  readonly isInhibited: boolean;
  readonly isMuted: boolean;
}

export const ALL_ALERTS: AlertQuery = {
  matchers: [],
  receiver: "",
  isActive: true,
  isSilenced: true,
  isInhibited: true,
  isMuted: true,
};

/** What the form and the list of silences need. */
export type SilenceApi = Pick<AlertmanagerApi, "alerts" | "silences" | "save" | "expire">;

/** Every call rejects with an Error in the Alertmanager's words. */
export interface AlertmanagerApi {
  alerts(query: AlertQuery, signal?: AbortSignal): Promise<readonly Alert[]>;
  groups(query: AlertQuery, signal?: AbortSignal): Promise<readonly AlertGroup[]>;
  silences(matchers: readonly Matcher[], signal?: AbortSignal): Promise<readonly Silence[]>;
  silence(id: string, signal?: AbortSignal): Promise<Silence>;
  /** @returns the silence's id. */
  save(silence: NewSilence): Promise<string>;
  expire(id: string): Promise<void>;
  status(signal?: AbortSignal): Promise<Status>;
}

export function alertmanagerApi(base = ""): AlertmanagerApi {
  const ask = async (path: string, init: RequestInit): Promise<unknown> => {
    const answer = await fetch(`${base}api/v2/${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(wordsOf(answer, text));
    return text === "" ? undefined : JSON.parse(text);
  };
  const get = <T>(path: string, signal: AbortSignal | undefined): Promise<T> =>
    ask(path, signal === undefined ? {} : { signal }) as Promise<T>;
  return {
    alerts: (query, signal) => get(`alerts?${searchOf(query)}`, signal),
    groups: (query, signal) => get(`alerts/groups?${searchOf(query)}`, signal),
    silences: (matchers, signal) => get(`silences?${filters(matchers)}`, signal),
    silence: (id, signal) => get(`silence/${encodeURIComponent(id)}`, signal),
    status: (signal) => get("status", signal),
    save: async (silence) => {
      const headers = { "content-type": "application/json" };
      const made = await ask("silences", { method: "POST", headers, body: JSON.stringify(silence) });
      return (made as { readonly silenceID: string }).silenceID;
    },
    expire: async (id) => void (await ask(`silence/${encodeURIComponent(id)}`, { method: "DELETE" })),
  };
}

/** A refusal is a string, an object with a message, or a proxy's page. */
function wordsOf(answer: Response, text: string): string {
  try {
    const said = JSON.parse(text) as string | { readonly message?: string };
    const message = typeof said === "string" ? said : said.message;
    if (message !== undefined) return message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `${answer.status} ${answer.statusText}: ${text.slice(0, 200)}`;
}

function filters(matchers: readonly Matcher[]): URLSearchParams {
  return new URLSearchParams(matchers.map((matcher) => ["filter", matcherText(matcher)]));
}

function searchOf({ matchers, receiver, isActive, isSilenced, isInhibited, isMuted }: AlertQuery): URLSearchParams {
  const search = filters(matchers);
  if (receiver !== "") search.set("receiver", receiver);
  search.set("active", String(isActive));
  search.set("silenced", String(isSilenced));
  search.set("inhibited", String(isInhibited));
  search.set("muted", String(isMuted));
  return search;
}

/** Silences: made, changed, ended, found by the labels that they mute. A mergeable map: the later update counts. */
import { randomUUID } from "node:crypto";
import { errorMessage, VestalError } from "../base/index.js";
import { compileSearch, quoteGo } from "../model/index.js";
import type { LabelSet } from "./labels.js";
import { allMatch, Matcher } from "./matchers/matcher.js";
import type { MatcherSyntax } from "./matchers/parse.js";
import type { NanoClock } from "./now.js";
import { encodeMeshSilence, type MeshSilence, type Silence, type SilenceMatcher } from "./state/silence-codec.js";

const NONE: readonly string[] = [];

export type SilenceState = "active" | "pending" | "expired";

export class SilenceNotFoundError extends VestalError {
  constructor() {
    super("SILENCE_NOT_FOUND", "silence not found");
  }
}

export interface SilencesOptions {
  readonly now: NanoClock;
  readonly retentionMs: number;
  /** 0: no limit. */
  readonly maxSilences: number;
  readonly maxSilenceBytes: number;
  readonly syntax: MatcherSyntax;
  /** Hears of each change that was made here. */
  readonly onChange: (silence: MeshSilence) => void;
  /** Hears how long it took to find the silences of an alert. */
  readonly onQuery?: (seconds: number) => void;
}

interface Indexed {
  readonly mesh: MeshSilence;
  readonly matcherSets: readonly (readonly Matcher[])[];
}

export function silenceState(silence: Silence, nowNano: bigint): SilenceState {
  if (nowNano < silence.startsAt) return "pending";
  return nowNano > silence.endsAt ? "expired" : "active";
}

export class Silences {
  readonly #options: SilencesOptions;
  readonly #byId = new Map<string, Indexed>();
  /** Raised with every change, so that answers about labels can be kept. */
  #version = 0;
  readonly #answers = new Map<string, { readonly version: number; readonly ids: readonly string[] }>();

  /** Silences compared with an alert, and those that an answer kept from before spared. */
  scannedCount = 0;
  skippedCount = 0;

  constructor(options: SilencesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  *all(): Generator<MeshSilence> {
    for (const { mesh } of this.#byId.values()) yield mesh;
  }

  get(id: string): Silence | undefined {
    return this.#byId.get(id)?.mesh.silence;
  }

  count(state: SilenceState): number {
    const nowNano = this.#options.now.nano();
    let count = 0;
    for (const { mesh } of this.#byId.values()) if (silenceState(mesh.silence, nowNano) === state) count++;
    return count;
  }

  /** The active silences that mute an alert with these labels. */
  silencedBy(labels: LabelSet, fingerprint: string): readonly string[] {
    const { onQuery } = this.#options;
    if (this.#byId.size === 0) {
      onQuery?.(0);
      return NONE;
    }
    if (onQuery === undefined) return this.#silencedBy(labels, fingerprint);
    const began = performance.now();
    const ids = this.#silencedBy(labels, fingerprint);
    onQuery((performance.now() - began) / 1000);
    return ids;
  }

  #silencedBy(labels: LabelSet, fingerprint: string): readonly string[] {
    const nowNano = this.#options.now.nano();
    let answer = this.#answers.get(fingerprint);
    if (answer?.version === this.#version) {
      this.skippedCount += this.#byId.size;
      this.scannedCount += answer.ids.length;
    } else {
      this.scannedCount += this.#byId.size;
      const ids: string[] = [];
      for (const [id, { mesh, matcherSets }] of this.#byId) {
        if (silenceState(mesh.silence, nowNano) === "expired") continue;
        if (matcherSets.some((set) => allMatch(set, labels))) ids.push(id);
      }
      answer = { version: this.#version, ids: ids.length === 0 ? NONE : ids };
      this.#answers.set(fingerprint, answer);
    }
    if (answer.ids.length === 0) return NONE;
    return answer.ids.filter((id) => {
      const silence = this.get(id);
      return silence !== undefined && silenceState(silence, nowNano) === "active";
    });
  }

  /** Of alerts that are gone. */
  forget(fingerprints: Iterable<string>): void {
    for (const fingerprint of fingerprints) this.#answers.delete(fingerprint);
  }

  /**
   * Makes a silence, or changes the one with this id. A change of what was silenced in the past ends the old one and makes
   * another.
   * @returns the id.
   * @throws SilenceNotFoundError, VestalError SILENCE in Alertmanager's words.
   */
  set(given: Silence): string {
    const nowNano = this.#options.now.nano();
    this.#validate(given);
    const previous = given.id === "" ? undefined : this.get(given.id);
    if (given.id !== "" && previous === undefined) throw new SilenceNotFoundError();
    if (previous !== undefined && canUpdate(previous, given, nowNano)) {
      const mesh = this.#mesh({ ...given, updatedAt: nowNano });
      this.#checkSize(mesh);
      this.#store(mesh);
      return given.id;
    }
    const { maxSilences } = this.#options;
    if (maxSilences > 0 && this.#byId.size + 1 > maxSilences) {
      refuse(`exceeded maximum number of silences: ${this.#byId.size} (limit: ${maxSilences})`);
    }
    const startsAt = given.startsAt < nowNano ? nowNano : given.startsAt;
    const mesh = this.#mesh({ ...given, id: randomUUID(), startsAt, updatedAt: nowNano });
    this.#checkSize(mesh);
    if (previous !== undefined && silenceState(previous, nowNano) !== "expired") this.expire(previous.id);
    this.#store(mesh);
    return mesh.silence.id;
  }

  /** @throws SilenceNotFoundError */
  expire(id: string): void {
    const silence = this.get(id);
    if (silence === undefined) throw new SilenceNotFoundError();
    const nowNano = this.#options.now.nano();
    const state = silenceState(silence, nowNano);
    if (state === "expired") return;
    const startsAt = state === "pending" ? nowNano : silence.startsAt;
    this.#store(this.#mesh({ ...silence, startsAt, endsAt: nowNano, updatedAt: nowNano }));
  }

  /** What another instance, or a file, knows. @returns whether it was news. */
  merge(mesh: MeshSilence): boolean {
    if (mesh.expiresAt < this.#options.now.nano()) return false;
    const known = this.#byId.get(mesh.silence.id);
    if (known !== undefined && known.mesh.silence.updatedAt >= mesh.silence.updatedAt) return false;
    this.#index(mesh);
    return true;
  }

  collectGarbage(): number {
    const nowNano = this.#options.now.nano();
    let count = 0;
    for (const [id, { mesh }] of this.#byId) {
      if (mesh.expiresAt > nowNano) continue;
      this.#byId.delete(id);
      count++;
    }
    return count;
  }

  #mesh(silence: Silence): MeshSilence {
    return { silence, expiresAt: silence.endsAt + BigInt(Math.round(this.#options.retentionMs)) * 1_000_000n };
  }

  #store(mesh: MeshSilence): void {
    this.#index(mesh);
    this.#options.onChange(mesh);
  }

  #index(mesh: MeshSilence): void {
    const matcherSets = mesh.silence.matcherSets.map((set) =>
      set.map(({ type, name, pattern }) => new Matcher(type, name, pattern)),
    );
    this.#byId.set(mesh.silence.id, { mesh, matcherSets });
    this.#version++;
  }

  #checkSize(mesh: MeshSilence): void {
    const { maxSilenceBytes } = this.#options;
    if (maxSilenceBytes <= 0) return;
    const bytes = encodeMeshSilence(mesh).length;
    if (bytes > maxSilenceBytes) {
      refuse(`silence exceeded maximum size: ${bytes} bytes (limit: ${maxSilenceBytes} bytes)`);
    }
  }

  #validate(silence: Silence): void {
    for (const [set, matchers] of silence.matcherSets.entries()) {
      if (matchers.length === 0) invalid(`matcher set ${set} is empty`);
      for (const [i, matcher] of matchers.entries()) {
        const problem = this.#problemOf(matcher);
        if (problem !== undefined) invalid(`invalid label matcher ${i} in set ${set}: ${problem}`);
      }
      if (matchers.every(matchesEmpty)) {
        invalid(`matcher set ${set}: at least one matcher must not match the empty string`);
      }
    }
  }

  #problemOf({ type, name, pattern }: SilenceMatcher): string | undefined {
    if (!this.#options.syntax.isLabelName(name)) return `invalid label name ${quoteGo(name)}`;
    if (type === "=" || type === "!=") {
      return /\p{Cs}/u.test(pattern) ? `invalid label value ${quoteGo(pattern)}` : undefined;
    }
    try {
      compileSearch(pattern);
      return undefined;
    } catch (error) {
      return `invalid regular expression ${quoteGo(pattern)}: ${errorMessage(error)}`;
    }
  }
}

function matchesEmpty({ type, pattern }: SilenceMatcher): boolean {
  if (type === "=") return pattern === "";
  return type === "=~" && compileSearch(pattern).test("");
}

function refuse(message: string): never {
  throw new VestalError("SILENCE", message);
}

function invalid(message: string): never {
  refuse(`invalid silence: ${message}`);
}

/** Whether what was silenced until now stays as it was. */
function canUpdate(old: Silence, given: Silence, nowNano: bigint): boolean {
  if (JSON.stringify(old.matcherSets) !== JSON.stringify(given.matcherSets)) return false;
  switch (silenceState(old, nowNano)) {
    case "active":
      return old.startsAt / 1_000_000_000n === given.startsAt / 1_000_000_000n && given.endsAt >= nowNano;
    case "pending":
      return given.startsAt >= nowNano;
    case "expired":
      return false;
  }
}

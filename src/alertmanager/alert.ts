/** One alert, and how a newer report of it is joined with what was known. */
import { compareBytes } from "../model/index.js";
import { type GoTime, ZERO_TIME } from "../template/index.js";
import { alertHash, compareLabelSets, fingerprint, type LabelSet } from "./labels.js";

export const ALERT_NAME = "alertname";

export interface AlertFields {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly updatedAt: GoTime;
  readonly generatorUrl: string;
  /** The end was not given but set by the resolve timeout. */
  readonly isTimeout: boolean;
}

export class Alert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly updatedAt: GoTime;
  readonly generatorUrl: string;
  readonly isTimeout: boolean;
  readonly fingerprint: string;
  #hash: bigint | undefined;

  /** @param known  of the labels, where they were computed before. */
  constructor(fields: AlertFields, known?: { readonly fingerprint: string; readonly hash: bigint | undefined }) {
    this.labels = fields.labels;
    this.annotations = fields.annotations;
    this.startsAt = fields.startsAt;
    this.endsAt = fields.endsAt;
    this.updatedAt = fields.updatedAt;
    this.generatorUrl = fields.generatorUrl;
    this.isTimeout = fields.isTimeout;
    this.fingerprint = known?.fingerprint ?? fingerprint(fields.labels);
    this.#hash = known?.hash;
  }

  get name(): string {
    return this.labels.get(ALERT_NAME) ?? "";
  }

  get hash(): bigint {
    this.#hash ??= alertHash(this.labels);
    return this.#hash;
  }

  with(fields: Partial<AlertFields>): Alert {
    const next: AlertFields = {
      labels: fields.labels ?? this.labels,
      annotations: fields.annotations ?? this.annotations,
      startsAt: fields.startsAt ?? this.startsAt,
      endsAt: fields.endsAt ?? this.endsAt,
      updatedAt: fields.updatedAt ?? this.updatedAt,
      generatorUrl: fields.generatorUrl ?? this.generatorUrl,
      isTimeout: fields.isTimeout ?? this.isTimeout,
    };
    return new Alert(next, { fingerprint: this.fingerprint, hash: this.#hash });
  }

  /** This report with what it has in common with an older one of the same labels: repeated texts are kept once. */
  sharing(older: Alert): Alert {
    this.#hash ??= older.#hash;
    return this.with({
      labels: older.labels,
      ...(isSame(this.annotations, older.annotations) && { annotations: older.annotations }),
      ...(this.startsAt.unixNano === older.startsAt.unixNano && { startsAt: older.startsAt }),
      ...(this.generatorUrl === older.generatorUrl && { generatorUrl: older.generatorUrl }),
    });
  }

  resolvedAt(nowNano: bigint): boolean {
    return !this.endsAt.isZero && this.endsAt.unixNano <= nowNano;
  }

  /** The alert with no end, while it is firing: as receivers see it. */
  shownAt(nowNano: bigint): Alert {
    if (this.endsAt.isZero || this.resolvedAt(nowNano)) return this;
    // Computed here once, not with each flush in a copy.
    this.#hash ??= alertHash(this.labels);
    return this.with({ endsAt: ZERO_TIME });
  }
}

function isSame(a: LabelSet, b: LabelSet): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name) !== value) return false;
  return true;
}

/** Both have the same labels. */
export function mergeAlerts(a: Alert, b: Alert, nowNano: bigint): Alert {
  const [older, younger] = b.updatedAt.unixNano < a.updatedAt.unixNano ? [b, a] : [a, b];
  const startsAt = older.startsAt.unixNano < younger.startsAt.unixNano ? older.startsAt : younger.startsAt;
  const isLater = older.endsAt.unixNano > younger.endsAt.unixNano;
  // Of two ends the later counts, if both are reached; before that a given end is worth more than a timeout.
  const keepsOld = younger.resolvedAt(nowNano) ? older.resolvedAt(nowNano) && isLater : isLater && !older.isTimeout;
  return younger.with({ startsAt, endsAt: keepsOld ? older.endsAt : younger.endsAt });
}

/** By job, then instance, then all labels. */
export function compareAlerts(a: Alert, b: Alert): number {
  for (const name of ["job", "instance"]) {
    const [x, y] = [a.labels.get(name), b.labels.get(name)];
    if (x === y) continue;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    const order = compareBytes(x, y);
    if (order !== 0) return order;
  }
  return compareLabelSets(a.labels, b.labels);
}

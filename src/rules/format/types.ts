/** Rules as plain data: what a file says, checked, and safe to send to other threads. Times in milliseconds. */

export type LabelMap = Readonly<Record<string, string>>;

export interface RuleSpec {
  readonly kind: "recording" | "alerting";
  /** Name of the alert, or of the metric that is recorded. */
  readonly name: string;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** The rule's own; those of its group are not among them. */
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
}

export interface RuleGroupSpec {
  readonly name: string;
  /** 0 where the file does not say: the global evaluation interval counts. */
  readonly intervalMs: number;
  /** Undefined where the file does not say: the global one counts. */
  readonly queryOffsetMs: number | undefined;
  /** Most alerts, or series, that one rule may give; 0 is no limit. */
  readonly limit: number;
  readonly labels: LabelMap;
  readonly rules: readonly RuleSpec[];
}

/** A file's groups, or everything that is wrong with it, one message each. */
export type RuleFileResult =
  | { readonly groups: readonly RuleGroupSpec[]; readonly errors?: undefined }
  | { readonly groups?: undefined; readonly errors: readonly string[] };

/** Errors with a stable code and data in fields; a thread boundary strips classes, so they travel as plain objects. */

export interface PlainError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: PlainError;
}

export class VestalError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param code     stable, upper case; what code may branch on. The message is for people only.
   * @param message  what happened, where, what to do.
   */
  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }

  toPlain(): PlainError {
    return toPlain(this);
  }
}

/** Damaged bytes on disk or on the wire: `details` has file, offset and what was expected where they are known. */
export class CorruptionError extends VestalError {}

/** Our own mistake, never the user's or the input's. */
export class AssertionError extends VestalError {
  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super("ASSERTION", message, details);
  }
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Any thrown value as a plain object that structured cloning keeps. */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", code: "UNKNOWN", message: String(error), details: {} };
  const plain = {
    name: error.name,
    code: error instanceof VestalError ? error.code : errorCode(error),
    message: error.message,
    details: error instanceof VestalError ? error.details : {},
  };
  return error.cause === undefined ? plain : { ...plain, cause: toPlain(error.cause) };
}

/** The error that `toPlain` described, as a VestalError with its name kept. */
export function fromPlain(plain: PlainError): VestalError {
  const cause = plain.cause === undefined ? undefined : fromPlain(plain.cause);
  const error = new VestalError(plain.code, plain.message, plain.details, cause);
  error.name = plain.name;
  return error;
}

/** `code` of a Node.js system error (`ENOENT` …), or "UNKNOWN". */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return "UNKNOWN";
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason of a Node.js system error without its code and the path that the caller names: "no such file or directory". */
export function systemReason(error: unknown): string {
  return errorMessage(error)
    .replace(/^[A-Z0-9]+: /, "")
    .replace(/, \w+(?: '.*')?$/s, "");
}

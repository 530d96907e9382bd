/** Places in the input, and errors that name one as Prometheus does. */
import { VestalError } from "../../base/index.js";

/** `line:column`, both from 1, the column in bytes of UTF-8; as in errors and annotations of Prometheus. */
export function formatPosition(input: string, offset: number): string {
  if (input === "") return "unknown position";
  if (offset < 0 || offset > input.length) return "invalid position";
  const before = input.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return `${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}

/** An error at `offset` of `input`: `1:3: parse error: …`. */
export function parseError(input: string, offset: number, message: string): VestalError {
  return new VestalError("PARSE", `${formatPosition(input, offset)}: parse error: ${message}`, { offset });
}

/** What Prometheus answers where its parser panics; users match on it. */
export function unexpectedError(): VestalError {
  return new VestalError("PARSE", "unexpected error");
}

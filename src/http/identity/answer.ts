/** What token servers of the clouds say. */
import { VestalError } from "../../base/index.js";

/** The answer's object. @throws VestalError IDENTITY with the server's own words, which hold no secret. */
export function readObject(
  what: string,
  { status, body }: { readonly status: number; readonly body: Buffer },
): Readonly<Record<string, unknown>> {
  const text = body.toString("utf8");
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // An answer of a proxy, or an empty one: its status says more.
  }
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
  if (status >= 200 && status <= 299 && answer !== undefined) return fields;
  const reason = fields["error_description"] ?? fields["message"] ?? fields["error"] ?? "";
  const shown = typeof reason === "string" && reason !== "" ? `: ${reason.split(/[\r\n]/)[0]}` : "";
  throw new VestalError("IDENTITY", `${what}: the server answered ${status}${shown}`, { status });
}

/** A field that must be there. */
export function textField(what: string, fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw new VestalError("IDENTITY", `${what}: the answer has no ${name}`);
}

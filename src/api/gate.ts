/** What may stand before every request: a gate that lets it pass, with headers for its answer, or refuses it. */
import type { HttpResponse } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";

export type Headers = readonly (readonly [string, string])[];

export type GateVerdict =
  | { readonly kind: "pass"; readonly headers: Headers }
  | { readonly kind: "refuse"; readonly status: number; readonly headers: Headers; readonly text: string };

export interface RequestGate {
  /** @param authorization  the request's header; "" where it has none. Never rejects. */
  check(authorization: string): Promise<GateVerdict>;
}

const PASS: GateVerdict = { kind: "pass", headers: [] };

/** For routes that the library serves itself: `pass` is called corked, at once or later, unless the client has gone. */
export function throughGate(
  gate: RequestGate | undefined,
  res: HttpResponse,
  authorization: string,
  pass: (headers: Headers) => void,
): void {
  if (gate === undefined) {
    pass(PASS.headers);
    return;
  }
  let isGone = false;
  res.onAborted(() => {
    isGone = true;
  });
  void gate.check(authorization).then((verdict) => {
    if (isGone) return;
    res.cork(() => {
      if (verdict.kind === "pass") {
        pass(verdict.headers);
        return;
      }
      res.writeStatus(statusLine(verdict.status));
      for (const [name, value] of verdict.headers) res.writeHeader(name, value);
      res.end(verdict.text);
    });
  });
}

export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? `status code ${status}`}`;
}

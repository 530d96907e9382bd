/** What a handler answers, and the errors of the API in the form that clients of the original know. */
export interface ApiRequest {
  readonly method: string;
  /** Without the route prefix. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** The header, empty where there is none. */
  readonly accept: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export function json(value: unknown, status = 200): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

/** As Go writes what its encoder takes for HTML: the models of alerts and silences. */
export function escapeHtmlInJson(written: string): string {
  return written.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function text(body: string, status = 200): Answer {
  const headers = { "X-Content-Type-Options": "nosniff" };
  return { status, type: "text/plain; charset=utf-8", ...(status >= 400 && { headers }), body };
}

/** As Go's http.Redirect answers: with a page only where one would look at it. */
export function moved(method: string, location: string): Answer {
  const headers = { Location: location };
  if (method !== "GET" && method !== "HEAD") return { status: 301, headers, body: "" };
  const shown = location.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  const body = `<a href="${shown}">Moved Permanently</a>.\n\n`;
  return { status: 301, type: "text/html; charset=utf-8", headers, body };
}

/** Thrown by whoever finds a request wrong. */
export class ApiError extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(String(answer.body));
    this.answer = answer;
  }
}

/** A refusal of the handler: a string. */
export function refused(message: string, status = 400): ApiError {
  return new ApiError(json(message, status));
}

/** A refusal of the layer below, which knows the API's schema: a code and a message, without a line's end. */
export function invalid(code: number, message: string, status = 422): ApiError {
  return new ApiError(coded(code, message, status));
}

export function coded(code: number, message: string, status: number): Answer {
  return { status, type: "application/json", body: JSON.stringify({ code, message }) };
}

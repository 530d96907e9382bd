/** Answers in the shapes of Prometheus' API. */
import { errorMessage, VestalError } from "../base/index.js";
import type { ServiceAnswer } from "./deps.js";
import { type ApiFailure, type ApiResponse, type ErrorType, failure } from "./types.js";

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** Prometheus sends 500, not 503, for `unavailable`; 499 is nginx' code for a client that has gone. */
const STATUS: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
};

/** JSON as Go's encoder writes it: `<`, `>`, `&` and the two line separators escaped, broken UTF-8 replaced. */
export function goJson(value: unknown): string {
  let json = JSON.stringify(value);
  // Lone surrogates come out as escapes. A function for each value costs ten times as much, so only where there may be one.
  if (/\\ud[89a-f]/.test(json)) {
    json = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "string" ? inner.replace(/\p{Cs}/gu, "\ufffd") : inner,
    );
  }
  if (!/[<>&\u2028\u2029]/.test(json)) return json;
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function success(
  data: unknown,
  notes: { readonly warnings?: readonly string[]; readonly infos?: readonly string[] } = {},
): ApiResponse {
  const answer: Record<string, unknown> = { status: "success", data };
  if (notes.warnings !== undefined && notes.warnings.length > 0) answer["warnings"] = notes.warnings;
  if (notes.infos !== undefined && notes.infos.length > 0) answer["infos"] = notes.infos;
  return { status: 200, contentType: JSON_TYPE, body: goJson(answer) };
}

export function fail(error: ApiFailure): ApiResponse {
  return {
    status: STATUS[error.errorType],
    contentType: JSON_TYPE,
    body: goJson({ status: "error", errorType: error.errorType, error: error.message }),
  };
}

/**
 * The response for what a service answered.
 *
 * @param namesParameter whether the route says `invalid parameter "…": ` before a failure that blames one.
 */
export function respond(answer: ServiceAnswer, namesParameter: boolean): ApiResponse {
  switch (answer.kind) {
    case "encoded":
      return { status: 200, contentType: JSON_TYPE, body: answer.body, isDisposable: answer.isDisposable === true };
    case "data":
      return success(answer.data, answer);
    case "empty":
      return { status: 204 };
    case "failure":
      if (answer.parameter === undefined || !namesParameter) return fail(answer);
      return fail(
        failure(answer.errorType, `invalid parameter ${JSON.stringify(answer.parameter)}: ${answer.message}`),
      );
  }
}

/** The failure for what a service threw: by the error's code, never by its words. */
export function failureOf(error: unknown): ApiFailure {
  const type: ErrorType = error instanceof VestalError ? (ERROR_TYPE[error.code] ?? "internal") : "internal";
  return failure(type, errorMessage(error));
}

const ERROR_TYPE: Readonly<Record<string, ErrorType | undefined>> = {
  QUERY_CANCELED: "canceled",
  QUERY_TIMEOUT: "timeout",
  QUERY_MEMORY: "execution",
  QUERY_SAMPLES: "execution",
  QUERY_EXECUTION: "execution",
  QUERY_PARSE: "bad_data",
  REGEX: "bad_data",
  NOT_READY: "unavailable",
};

export function text(status: number, body: string, headers?: ApiResponse["headers"]): ApiResponse {
  const response = { status, contentType: TEXT_TYPE, body };
  return headers === undefined ? response : { ...response, headers };
}

/** As Go's http.Error: a line of text that no browser may take for something else. */
export function errorText(status: number, message: string, headers: ApiResponse["headers"] = []): ApiResponse {
  return text(status, `${message}\n`, [...headers, ["X-Content-Type-Options", "nosniff"]]);
}

/** As Go's http.Redirect answers GET and HEAD. */
export function redirect(status: 301 | 302, location: string): ApiResponse {
  const escaped = location.replace(/[&<>"']/g, (char) => HTML_ESCAPES[char] ?? char);
  return {
    status,
    contentType: "text/html; charset=utf-8",
    headers: [["Location", location]],
    body: `<a href="${escaped}">${status === 301 ? "Moved Permanently" : "Found"}</a>.\n\n`,
  };
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Questions to the server's HTTP API. Every address is relative to the page's base, so a prefix needs nothing. */
import { MatrixReader } from "./matrix-reader.js";

export interface ApiAnswer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats?: unknown;
}

export class ApiError extends Error {}

/** The server could not be reached: browsers say so with a TypeError. */
export function isAway(reason: unknown): boolean {
  return reason instanceof TypeError;
}

/** What a person is told when a question failed. */
export function reasonText(reason: unknown): string {
  if (isAway(reason)) return "The server cannot be reached.";
  return reason instanceof Error ? reason.message : String(reason);
}

interface Envelope<T> {
  readonly status: "success" | "error";
  readonly data?: T;
  readonly error?: string;
  readonly errorType?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export type Params = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export function searchOf(params: Params): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const each of value) search.append(name, each);
    else search.set(name, String(value));
  }
  return search;
}

/** @throws ApiError in the server's words; DOMException AbortError if `signal` says so. */
export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<ApiAnswer<T>> {
  const response = await ask(path, params, signal);
  return unwrap<T>(response, await response.text());
}

function unwrap<T>(response: Response, text: string): ApiAnswer<T> {
  let envelope: Envelope<T>;
  try {
    envelope = JSON.parse(text) as Envelope<T>;
  } catch {
    throw new ApiError(`${response.status} ${response.statusText}: ${text.slice(0, 200)}`);
  }
  if (envelope.status !== "success") throw new ApiError(`${envelope.errorType ?? "error"}: ${envelope.error ?? text}`);
  return { data: envelope.data as T, warnings: envelope.warnings ?? [], infos: envelope.infos ?? [] };
}

/** @throws ApiError in the server's words. */
export async function post<T>(path: string, json?: unknown): Promise<ApiAnswer<T>> {
  const response = await fetch(`api/v1/${path}`, {
    method: "POST",
    ...(json !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(json) }),
  });
  return unwrap<T>(response, await response.text());
}

function ask(path: string, params: Params, signal?: AbortSignal): Promise<Response> {
  const search = searchOf(params).toString();
  // Long expressions do not fit into an address.
  const isLong = search.length > 4000;
  return fetch(isLong || search === "" ? `api/v1/${path}` : `api/v1/${path}?${search}`, {
    ...(isLong && { method: "POST", body: new URLSearchParams(search) }),
    ...(signal !== undefined && { signal }),
  });
}

/** A range query, read while it arrives; plain series come as columns. */
export async function getRange(params: Params, signal?: AbortSignal): Promise<ApiAnswer<QueryData>> {
  const response = await ask("query_range", params, signal);
  const reader = new MatrixReader();
  const stream = response.body?.getReader();
  for (;;) {
    const piece = await stream?.read();
    if (piece === undefined || piece.done) break;
    reader.push(piece.value);
  }
  const found = reader.finish();
  if (found === undefined) return unwrap<QueryData>(response, reader.text());
  const { warnings = [], infos = [] } = found.rest as Envelope<unknown>;
  return { data: { resultType: "matrix", result: found.series }, warnings, infos };
}

export type Labels = Readonly<Record<string, string>>;

export interface HistogramValue {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [boundaries: number, lower: string, upper: string, count: string])[];
}

export interface VectorSample {
  readonly metric: Labels;
  readonly value?: readonly [time: number, value: string];
  readonly histogram?: readonly [time: number, value: HistogramValue];
}

export interface MatrixSeries {
  readonly metric: Labels;
  /** Seconds and numbers of a range query, in place of `values`. */
  readonly times?: Float64Array;
  readonly numbers?: Float64Array;
  readonly values?: readonly (readonly [time: number, value: string])[];
  readonly histograms?: readonly (readonly [time: number, value: HistogramValue])[];
}

export type QueryData =
  | { readonly resultType: "vector"; readonly result: readonly VectorSample[] }
  | { readonly resultType: "matrix"; readonly result: readonly MatrixSeries[] }
  | { readonly resultType: "scalar" | "string"; readonly result: readonly [time: number, value: string] };

/** Points of either form, as the server writes them. */
export function valuesOf({ times, numbers, values = [] }: MatrixSeries): readonly (readonly [number, string])[] {
  if (times === undefined || numbers === undefined) return values;
  return Array.from(times, (time, i) => [time, numberText(numbers[i] ?? Number.NaN)] as const);
}

function numberText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}

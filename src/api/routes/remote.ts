/** Routes of other servers: remote write and what else sends samples here. */
import type { ApiDeps } from "../deps.js";
import type { RequestSignal } from "../request-signal.js";
import { errorText } from "../respond.js";
import type { ApiRequest, ApiResponse } from "../types.js";

export function write(request: ApiRequest, { remoteWrite }: ApiDeps): Promise<ApiResponse> | ApiResponse {
  if (remoteWrite !== undefined) return remoteWrite.write(request);
  return errorText(404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
}

export function otlp(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> | ApiResponse {
  if (deps.otlp !== undefined) return deps.otlp.write(request);
  return errorText(404, "otlp write receiver needs to be enabled with --web.enable-otlp-receiver");
}

const NO_STORAGE = "unsupported operation with WAL-only storage";

export function read(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> | ApiResponse {
  if (deps.isAgent === true) return errorText(500, NO_STORAGE);
  return deps.remoteRead.read(request, signal);
}

export function federate(
  request: ApiRequest,
  deps: ApiDeps,
  signal: RequestSignal,
): Promise<ApiResponse> | ApiResponse {
  if (deps.isAgent === true) return errorText(500, NO_STORAGE);
  return deps.remoteRead.federate(request, signal);
}

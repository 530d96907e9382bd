/** A file of HTTP client settings alone, as the tools take with `--http.config.file`. */
import { buildHttpClient } from "./build.js";
import { readText } from "./read.js";
import { finishHttpClient, httpClientFields } from "./schema/http-client.js";
import { struct } from "./shape.js";
import type { HttpClientConfig } from "./types.js";

const shape = struct("config.HTTPClientConfig", httpClientFields(), (client) => finishHttpClient(client));

/** @throws VestalError CONFIG */
export function readHttpClientConfig(text: string): HttpClientConfig {
  return buildHttpClient(readText(shape, text).value);
}

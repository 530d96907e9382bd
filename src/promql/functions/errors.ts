/** Errors of evaluation that the query's author can do something about, in Prometheus' words. */
import { VestalError } from "../../base/index.js";

/** The API calls it an execution error. */
export function executionError(message: string): VestalError {
  return new VestalError("QUERY_EXECUTION", message);
}

export function sameLabelsetError(): VestalError {
  return executionError("vector cannot contain metrics with the same labelset");
}

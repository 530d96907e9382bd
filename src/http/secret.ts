/** Reads secrets where they are used: a file that was rotated counts from the next request on. */
import { readFileSync } from "node:fs";
import { systemReason, VestalError } from "../base/index.js";
import type { SecretSource } from "./options.js";

/**
 * @param what  names the setting in the error's text.
 * @returns the text without the white space around it where it comes from a file, as in Prometheus.
 * @throws VestalError SECRET_FILE if the file cannot be read.
 */
export function readSecret({ value, file }: SecretSource, what: string): string {
  return file === "" ? value : readSecretFile(file, what);
}

export function readSecretFile(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new VestalError(
      "SECRET_FILE",
      `unable to read ${what}: unable to read file ${file}: open ${file}: ${systemReason(error)}`,
      { file },
      error,
    );
  }
}

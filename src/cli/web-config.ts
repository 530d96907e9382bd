/** `--web.config.file`: read so that a server never runs open where its file asks for TLS or passwords. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { errorMessage, VestalError } from "../base/index.js";

/** @throws VestalError WEB_CONFIG if the file cannot be read, or asks for what this version does not do. */
export function checkWebConfig(file: string): void {
  if (file === "") return;
  let content: unknown;
  try {
    content = load(readFileSync(file, "utf8"));
  } catch (error) {
    throw new VestalError(
      "WEB_CONFIG",
      `cannot read ${file} (--web.config.file): ${errorMessage(error)}`,
      { file },
      error,
    );
  }
  if (content === undefined || content === null) return;
  const asked =
    typeof content === "object" ? Object.entries(content).filter(([, value]) => isSet(value)) : [["all of it"]];
  if (asked.length === 0) return;
  const names = asked.map(([name]) => name).join(", ");
  throw new VestalError(
    "WEB_CONFIG",
    `${file} (--web.config.file) asks for ${names}, which this version does not do; refusing to listen without it`,
    { file, names },
  );
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && !(typeof value === "object" && Object.keys(value).length === 0);
}

/** What is sent as `Authorization` where it is kept in files. */
import { readFileSync } from "node:fs";
import { systemReason, VestalError } from "../../base/index.js";
import type { CredentialSource, CredentialSources } from "./transport.js";

/** @throws VestalError SCRAPE_CREDENTIALS in Prometheus' words. */
export function readAuthorization(sources: CredentialSources): string | undefined {
  if ("username" in sources) {
    const user = read(sources.username, "basic auth username");
    const password = read(sources.password, "basic auth password");
    return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }
  const credentials = read(sources.credentials, "authorization credentials");
  return credentials === "" ? undefined : `${sources.type} ${credentials}`;
}

/** A file's text counts without the white space around it. */
function read({ value, file }: CredentialSource, what: string): string {
  if (file === "") return value;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = `unable to read ${what}: unable to read file ${file}: open ${file}: ${systemReason(error)}`;
    throw new VestalError("SCRAPE_CREDENTIALS", reason, { file }, error);
  }
}

/** Amazon's shared files: `~/.aws/config` and `~/.aws/credentials`, or those that the environment names. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../base/index.js";

export type AwsProfile = Readonly<Record<string, string>>;

type Env = Readonly<Record<string, string | undefined>>;

/** The settings of a profile, the credentials file's before the configuration file's; undefined if neither has it. */
export function readProfile(name: string, env: Env): AwsProfile | undefined {
  const folder = join(env["HOME"] ?? homedir(), ".aws");
  const config = readSections(env["AWS_CONFIG_FILE"] ?? join(folder, "config"));
  const credentials = readSections(env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(folder, "credentials"));
  const fromConfig = config.get(`profile ${name}`) ?? (name === "default" ? config.get("default") : undefined);
  const fromCredentials = credentials.get(name);
  if (fromConfig === undefined && fromCredentials === undefined) return undefined;
  return { ...fromConfig, ...fromCredentials };
}

function readSections(file: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  for (const line of readOptional(file).split(/\r?\n/)) {
    const header = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line);
    if (header !== null) {
      const name = (header[1] ?? "").replace(/\s+/g, " ");
      section = sections.get(name) ?? {};
      sections.set(name, section);
      continue;
    }
    const setting = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (setting !== null && section !== undefined) section[(setting[1] ?? "").toLowerCase()] = setting[2] ?? "";
  }
  return sections;
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

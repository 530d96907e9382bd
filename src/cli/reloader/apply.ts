/** From the mounted files to what the server reads: one look gives a hash over all that matters, and writes the configuration. */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeGzip, VestalError } from "../../base/index.js";

export interface ApplyOptions {
  /** Empty: only folders are watched. */
  readonly configFile: string;
  /** Empty: the server reads the mounted file itself. */
  readonly outputFile: string;
  readonly watchedFolders: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Of a Secret or ConfigMap there is 1 MiB at most. */
const MOUNTED_BYTES_MAX = 16 * 1024 * 1024;
const PLAIN_BYTES_MAX = 512 * 1024 * 1024;
const VARIABLE = /\$\(([a-zA-Z_0-9]+)\)/g;
const GZIP_MAGIC = 0x1f8b;

/** @returns a hash that differs when a reload is needed. @throws VestalError RELOADER */
export async function applyOnce(options: ApplyOptions): Promise<string> {
  const hash = createHash("sha256");
  const { configFile, outputFile, environment } = options;
  if (configFile !== "") {
    const text = plainOf(await read(configFile), configFile);
    if (outputFile === "") hash.update(text);
    else {
      const filled = fillVariables(text.toString("utf8"), environment, configFile);
      await replaceFile(outputFile, filled);
      hash.update(filled);
    }
  }
  for (const folder of options.watchedFolders) {
    for (const name of (await list(folder)).sort()) {
      const file = join(folder, name);
      // Kubernetes keeps versions of a mount in folders beside the links to their files.
      if (!(await isFile(file))) continue;
      hash.update(`\0${file}\0`).update(await read(file));
    }
  }
  return hash.digest("hex");
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw failure(`cannot read ${file}`, error);
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw failure(`cannot list ${folder}`, error);
  }
}

/** A file that went away in between is none. */
async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw failure(`cannot look at ${file}`, error);
  }
}

function plainOf(bytes: Buffer, file: string): Buffer {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP_MAGIC) return bytes;
  try {
    return Buffer.from(decodeGzip(bytes, { compressedBytesMax: MOUNTED_BYTES_MAX, decodedBytesMax: PLAIN_BYTES_MAX }));
  } catch (error) {
    throw failure(`cannot unpack ${file}`, error);
  }
}

/** @throws VestalError RELOADER for a variable that is not set. */
export function fillVariables(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
): string {
  return text.replace(VARIABLE, (_, name: string) => {
    const value = environment[name];
    if (value !== undefined) return value;
    throw new VestalError("RELOADER", `${file}: found reference to unset environment variable ${JSON.stringify(name)}`);
  });
}

/** A reader sees the old content or the new, never a part. */
async function replaceFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.tmp`, text);
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw failure(`cannot write ${file}`, error);
  }
}

function failure(what: string, error: unknown): VestalError {
  return new VestalError("RELOADER", `${what}: ${error instanceof Error ? error.message : String(error)}`, {}, error);
}

/** The number at the end of a StatefulSet's pod name. */
export function ordinalOf(podName: string): string | undefined {
  return /^.+-(\d+)$/.exec(podName)?.[1];
}

/**
 * `debug …`: pages of a server that help to find out what is wrong with it, in an archive in the working folder. Profiles are
 * what servers in Go have; one that has none ends the command with an error.
 */
import { writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Command } from "commander";
import { errorMessage, VestalError } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT, HttpClient } from "../../http/index.js";
import { PROMETHEUS_VERSION } from "../version.js";
import { EXIT_FAILURE, EXIT_SUCCESS, type ToolIo } from "./io.js";
import type { ToolContext } from "./program.js";

const ARCHIVE = "debug.tar.gz";
const TIMEOUT_MS = 120_000;
const PAGE_BYTES_MAX = 1 << 30;

interface Page {
  readonly path: string;
  readonly file: string;
  readonly isProfile: boolean;
}

const profile = (path: string, file: string): Page => ({ path: `/debug/pprof/${path}`, file, isProfile: true });
const PROFILES: readonly Page[] = [
  profile("profile?seconds=30", "cpu.pb"),
  profile("block", "block.pb"),
  profile("goroutine", "goroutine.pb"),
  profile("heap", "heap.pb"),
  profile("mutex", "mutex.pb"),
  profile("threadcreate", "threadcreate.pb"),
  { path: "/debug/pprof/trace?seconds=30", file: "trace.pb", isProfile: false },
];
const METRICS: readonly Page[] = [{ path: "/metrics", file: "metrics.txt", isProfile: false }];

export function addDebug(program: Command, context: ToolContext): void {
  const debug = program.command("debug").description("Fetch debug information.");
  for (const [name, pages, what] of [
    ["pprof", PROFILES, "profiling debug"],
    ["metrics", METRICS, "metrics debug"],
    ["all", [...PROFILES, ...METRICS], "all debug"],
  ] as const) {
    debug
      .command(name)
      .description(`Fetch ${what} information.`)
      .argument("<server>", "Prometheus server to get it from.")
      .action(async (server: string) => context.finish(await collect(context.io, server, pages)));
  }
}

async function collect(io: ToolIo, server: string, pages: readonly Page[]): Promise<number> {
  const client = new HttpClient(DEFAULT_HTTP_CLIENT, `promtool/${PROMETHEUS_VERSION}`);
  try {
    const entries: Buffer[] = [];
    for (const { path, file, isProfile } of pages) {
      const url = `${server}${path}`;
      io.out(`collecting: ${url}\n`);
      const { body } = await request(client, url);
      entries.push(tarEntry(file, isProfile ? readProfile(body) : body));
    }
    writeFileSync(ARCHIVE, gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK_BYTES)])));
    io.out(`Compiling debug information complete, all files written in "${ARCHIVE}".\n`);
    return EXIT_SUCCESS;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    io.err(`error completing debug command: ${error.message}\n`);
    return EXIT_FAILURE;
  } finally {
    client.close();
  }
}

async function request(client: HttpClient, url: string) {
  try {
    return await client.request({ url, timeoutMs: TIMEOUT_MS, bodyBytesMax: PAGE_BYTES_MAX });
  } catch (error) {
    const code = error instanceof VestalError ? error.code : "HTTP_FAILED";
    throw new VestalError(code, `error executing HTTP request: ${errorMessage(error)}`, {}, error);
  }
}

/** Without its compression. Servers compress profiles: what is not is the page of an error. */
function readProfile(body: Buffer): Buffer {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  try {
    if (isGzip) return gunzipSync(body, { maxOutputLength: PAGE_BYTES_MAX });
  } catch (error) {
    throw new VestalError("PROFILE", `error post-processing HTTP response body: ${errorMessage(error)}`, {}, error);
  }
  throw new VestalError(
    "PROFILE",
    "error post-processing HTTP response body: parsing profile: unrecognized profile format",
  );
}

const BLOCK_BYTES = 512;

/** A file of a tar archive (ustar): a header of 512 bytes, then the bytes, filled up to whole blocks. */
function tarEntry(name: string, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o666, 8), 100); // mode
  header.write(octal(0, 8), 108); // owner
  header.write(octal(0, 8), 116); // group
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136); // time
  header.write(" ".repeat(8), 148); // the checksum, as it counts itself
  header.write("0", 156); // a plain file
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES)]);
}

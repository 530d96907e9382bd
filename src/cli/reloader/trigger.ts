/** Asks a server for a reload: by its URL, or by a signal to its process and a look at what it says of itself then. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { basename } from "node:path";
import { VestalError } from "../../base/index.js";

export interface TriggerOptions {
  readonly method: "http" | "signal";
  readonly reloadUrl: string;
  readonly runtimeInfoUrl: string;
  readonly processName: string;
  readonly timeoutMs: number;
}

const POLL_MS = 250;
const BODY_BYTES_MAX = 1024 * 1024;

/** @throws VestalError RELOADER with the server's own words. */
export async function triggerReload(options: TriggerOptions): Promise<void> {
  if (options.method === "http") {
    const { status, body } = await ask("POST", options.reloadUrl, options.timeoutMs);
    if (status === 200) return;
    throw new VestalError("RELOADER", `received non-200 response: ${status}: ${body.trim().slice(0, 2000)}`);
  }
  const sinceMs = Date.now();
  process.kill(await findProcess(options.processName), "SIGHUP");
  await waitForReload(options, sinceMs);
}

async function waitForReload({ runtimeInfoUrl, timeoutMs }: TriggerOptions, sinceMs: number): Promise<void> {
  const endMs = sinceMs + timeoutMs;
  while (Date.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const { status, body } = await ask("GET", runtimeInfoUrl, timeoutMs);
    if (status !== 200) continue;
    const { data } = JSON.parse(body) as {
      readonly data?: { readonly reloadConfigSuccess?: boolean; readonly lastConfigTime?: string };
    };
    // Times of the server have whole seconds.
    const isNew = Date.parse(data?.lastConfigTime ?? "") >= Math.floor(sinceMs / 1000) * 1000;
    if (isNew && data?.reloadConfigSuccess === true) return;
  }
  throw new VestalError("RELOADER", `the server has not loaded its configuration within ${timeoutMs / 1000} s`);
}

function ask(method: "GET" | "POST", url: string, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new VestalError("RELOADER", `${method} ${url}: ${error.message}`, {}, error));
    // The server is in the same pod: its certificate is for the names that others know it by.
    const options = { method, timeout: timeoutMs, agent: false, rejectUnauthorized: false };
    const call = url.startsWith("https:") ? httpsRequest(url, options) : httpRequest(url, options);
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on("error", fail);
    call.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        if (body.length < BODY_BYTES_MAX) body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body })).on("error", fail);
    });
    call.end();
  });
}

/** By its executable, or by the program that an interpreter was started with. */
async function findProcess(name: string): Promise<number> {
  for (const id of await readdir("/proc")) {
    if (!/^\d+$/.test(id) || Number(id) === process.pid) continue;
    const executable = await readlink(`/proc/${id}/exe`).catch(() => ""); // of another user, or gone
    const line = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "");
    const [first = "", second = ""] = line.split("\0");
    if ([executable, first, second].some((path) => basename(path) === name)) return Number(id);
  }
  throw new VestalError("RELOADER", `there is no process ${JSON.stringify(name)}`);
}

/** The one entry of the program: `vestal COMMAND …`. Started under the name `prometheus` it is the server. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { packageRoot } from "../base/index.js";
import type { EarlyEnd } from "./flags.js";
import {
  type OperatorOptions,
  readOperatorCommand,
  readWebhookCommand,
  type WebhookOptions,
} from "./operator-options.js";
import { parseServerOptions, type ServerOptions } from "./server-options.js";
import { vestalVersion } from "./version.js";

const HELP = `usage: vestal <command> [<flags>]

Monitoring for a Kubernetes cluster.

Commands:
  server     scrape targets, store their samples and answer queries; \`vestal server --help\` lists its flags
  alertmanager
             group, silence and route alerts to receivers, as Alertmanager does
  operator   turn monitoring objects of a cluster into configuration and workloads; \`vestal operator --help\`
  admission-webhook
             say which monitoring objects may be stored in a cluster, and convert them between versions
  prometheus-config-reloader
             fill in a mounted configuration and ask its server for a reload
  tool       check, test and query, as promtool does; \`vestal tool --help\` lists its commands

Flags:
  -h, --help   Show this help.
  --version    Show the version.
`;

/** Commands of the design that this version has not. */
const UNAVAILABLE: ReadonlySet<string> = new Set(["amtool"]);

/** The face of `server/index.ts`, which is loaded only when a server is to run: it brings every other module with it. */
export type RunServer = (options: ServerOptions) => Promise<void>;

/** The face of `operator/index.ts`. */
export type RunOperator = (options: OperatorOptions) => Promise<void>;

/** The face of `operator/webhook.ts`. */
export type RunAdmissionWebhook = (options: WebhookOptions) => Promise<void>;

/** What the program does once its arguments are read. */
export type Command =
  | { readonly kind: "server"; readonly options: ServerOptions }
  | { readonly kind: "operator"; readonly options: OperatorOptions }
  | { readonly kind: "admission-webhook"; readonly options: WebhookOptions }
  | { readonly kind: "tool"; readonly args: readonly string[]; readonly name: string }
  | { readonly kind: "alertmanager"; readonly args: readonly string[] }
  | { readonly kind: "reloader"; readonly args: readonly string[] }
  | EarlyEnd;

/** The face of `alertmanager/index.ts`; it gives the exit code. */
export type RunAlertmanager = (args: readonly string[]) => Promise<number>;

/** The face of `reloader/index.ts`; it gives the exit code. */
export type RunReloader = (args: readonly string[]) => Promise<number>;

/** The face of `tool/index.ts`; it gives the exit code. */
export type RunTool = (args: readonly string[], name: string) => Promise<number>;

/**
 * @param args        without the program's own name.
 * @param programName the name it was started by, as a path or not.
 */
export function readCommand(args: readonly string[], programName: string): Command {
  const called = basename(programName).replace(/\.m?js$/, "");
  if (called === "prometheus") return readServer(args);
  if (called === "operator" || called === "prometheus-operator") return readOperator(args);
  if (called === "admission-webhook" || called === "prometheus-operator-admission-webhook") return readWebhook(args);
  if (called === "prometheus-config-reloader") return { kind: "reloader", args };
  if (called === "promtool") return { kind: "tool", args, name: "promtool" };
  if (called === "alertmanager") return { kind: "alertmanager", args };
  if (called !== "vestal" && UNAVAILABLE.has(called)) return unavailable(called);
  const [command, ...rest] = args;
  if (command === undefined) return { kind: "end", exitCode: 2, stderr: HELP };
  if (command === "server" || command === "prometheus") return readServer(rest);
  if (command === "alertmanager") return { kind: "alertmanager", args: rest };
  if (command === "operator") return readOperator(rest);
  if (command === "prometheus-config-reloader") return { kind: "reloader", args: rest };
  if (command === "admission-webhook") return readWebhook(rest);
  if (command === "tool" || command === "promtool") return { kind: "tool", args: rest, name: `vestal ${command}` };
  if (command === "-h" || command === "--help" || command === "help") return { kind: "end", exitCode: 0, stdout: HELP };
  if (command === "--version") return { kind: "end", exitCode: 0, stdout: `vestal, version ${vestalVersion()}\n` };
  if (UNAVAILABLE.has(command)) return unavailable(command);
  return {
    kind: "end",
    exitCode: 2,
    stderr: `vestal: unknown command ${JSON.stringify(command)}; \`vestal --help\` lists them\n`,
  };
}

function readServer(args: readonly string[]): Command {
  const parsed = parseServerOptions(args);
  return parsed.kind === "end" ? parsed : { kind: "server", options: parsed.options };
}

/** The custom resources are files of the package. */
function readOperator(args: readonly string[]): Command {
  const parsed = readOperatorCommand(args);
  if (parsed.kind === "start") return { kind: "operator", options: parsed.options };
  return parsed.kind === "crds" ? { kind: "end", exitCode: 0, stdout: crdsText() } : parsed;
}

function readWebhook(args: readonly string[]): Command {
  const parsed = readWebhookCommand(args);
  return parsed.kind === "start" ? { kind: "admission-webhook", options: parsed.options } : parsed;
}

function crdsText(): string {
  const folder = join(packageRoot(), "crds");
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return files.map((name) => `---\n${readFileSync(join(folder, name), "utf8").replace(/^---\n/, "")}`).join("");
}

function unavailable(command: string): EarlyEnd {
  return { kind: "end", exitCode: 2, stderr: `vestal: this version does not have \`${command}\` yet\n` };
}

export async function main(args: readonly string[]): Promise<void> {
  const command = readCommand(args, process.argv[1] ?? "vestal");
  if (command.kind === "end") {
    if (command.stdout !== undefined) process.stdout.write(command.stdout);
    if (command.stderr !== undefined) process.stderr.write(command.stderr);
    process.exitCode = command.exitCode;
    return;
  }
  if (command.kind === "alertmanager") {
    const { runAlertmanager } = (await import(new URL("./alertmanager/index.js", import.meta.url).href)) as {
      runAlertmanager: RunAlertmanager;
    };
    process.exitCode = await runAlertmanager(command.args);
    return;
  }
  if (command.kind === "reloader") {
    const { runReloader } = (await import(new URL("./reloader/index.js", import.meta.url).href)) as {
      runReloader: RunReloader;
    };
    process.exitCode = await runReloader(command.args);
    return;
  }
  if (command.kind === "tool") {
    const { runTool } = (await import(new URL("./tool/index.js", import.meta.url).href)) as { runTool: RunTool };
    process.exitCode = await runTool(command.args, command.name);
    return;
  }
  if (command.kind === "operator") {
    const { runOperator } = (await import(new URL("./operator/index.js", import.meta.url).href)) as {
      runOperator: RunOperator;
    };
    await runOperator(command.options);
    return;
  }
  if (command.kind === "admission-webhook") {
    const { runAdmissionWebhook } = (await import(new URL("./operator/webhook.js", import.meta.url).href)) as {
      runAdmissionWebhook: RunAdmissionWebhook;
    };
    await runAdmissionWebhook(command.options);
    return;
  }
  const { runServer } = (await import(new URL("./server/index.js", import.meta.url).href)) as { runServer: RunServer };
  await runServer(command.options);
}

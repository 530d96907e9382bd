/** `explain`: why an app is not scraped, step by step from its monitor to its targets. */
import type { Command } from "commander";
import type { ToolContext } from "./program.js";

interface ExplainFlags {
  readonly kubeconfig: string;
  readonly apiserver: string;
  readonly serverUrl: string;
  readonly json?: boolean;
}

export function addExplain(program: Command, context: ToolContext): void {
  program
    .command("explain")
    .description("Say why an object of a cluster is scraped, or why it is not, and what to do about it.")
    .argument("<kind>", "monitor (a ServiceMonitor), podmonitor, probe or scrapeconfig")
    .argument("<object>", "NAMESPACE/NAME")
    .option("--kubeconfig <file>", "kubeconfig that leads to the API server; by default that of kubectl", "")
    .option("--apiserver <url>", "address of the API server, instead of a kubeconfig", "")
    .option("--server-url <url>", "address of the Prometheus; by default its pods are asked through the API server", "")
    .option("--json", "print JSON")
    .action(async (kind: string, object: string, flags: ExplainFlags) => {
      // Loaded where it is needed: it brings the operator's generators with it.
      const { explainAtCommandLine } = await import("../operator/explain.js");
      const { text, code } = await explainAtCommandLine({
        kind,
        object,
        kubeconfig: flags.kubeconfig,
        apiServer: flags.apiserver,
        serverUrl: flags.serverUrl,
        isJson: flags.json === true,
      });
      context.io.out(text);
      context.finish(code);
    });
}

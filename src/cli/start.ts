/** `npm start`: the server with a configuration that comes with the program. */
import { connect } from "node:net";
import { runServer } from "./server/index.js";
import { parseServerOptions } from "./server-options.js";

const NODE_EXPORTER_PORT = 9100;
const PROBE_TIMEOUT_MS = 500;
/** Flags of this way to start; what the user says of the same flag counts instead. */
const DEFAULTS: ReadonlyArray<readonly [flag: string, value: string]> = [
  ["storage.tsdb.path", "data"],
  ["web.listen-address", "127.0.0.1:9090"],
];

/** @param args  further flags of `vestal server`; one that names a configuration file makes it an ordinary server. */
export async function startDefault(args: readonly string[]): Promise<void> {
  const isGiven = (flag: string): boolean => args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  const defaults = DEFAULTS.filter(([flag]) => !isGiven(flag)).map(([flag, value]) => `--${flag}=${value}`);
  const parsed = parseServerOptions([...defaults, ...args]);
  if (parsed.kind === "end") {
    if (parsed.stdout !== undefined) process.stdout.write(parsed.stdout);
    if (parsed.stderr !== undefined) process.stderr.write(parsed.stderr);
    process.exitCode = parsed.exitCode;
    return;
  }
  const { options } = parsed;
  if (isGiven("config.file")) {
    await runServer(options);
    return;
  }
  const { host, port } = options.web.listenAddresses[0]!;
  const own = `${host === "" || host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
  const hasNodeExporter = await isListening(NODE_EXPORTER_PORT);
  const jobs = [{ job_name: "vestal", static_configs: [{ targets: [own] }] }];
  if (hasNodeExporter) {
    jobs.push({ job_name: "node", static_configs: [{ targets: [`127.0.0.1:${NODE_EXPORTER_PORT}`] }] });
  }
  const config = { global: { scrape_interval: "15s", evaluation_interval: "15s" }, scrape_configs: jobs };
  const scraped = hasNodeExporter ? "itself and the node_exporter on port 9100" : "itself";
  await runServer(
    { ...options, configFile: "(embedded)" },
    {
      text: JSON.stringify(config),
      greeting: `Vestal scrapes ${scraped} into ${options.tsdb.path}; ask it at http://${own} (Ctrl-C ends it).`,
    },
  );
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: PROBE_TIMEOUT_MS });
    const done = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", done(true)).once("error", done(false)).once("timeout", done(false));
  });
}

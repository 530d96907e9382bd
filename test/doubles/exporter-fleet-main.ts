/** The fleet as a process: `node exporter-fleet-main.js PORT TARGETS SERIES`; prints a line of JSON when it listens. */
import { startFleet } from "./exporter-fleet.js";

const [port, targetCount, seriesPerTarget] = process.argv.slice(2).map(Number);
if (!port || !targetCount || !seriesPerTarget) {
  process.stderr.write("usage: exporter-fleet-main PORT TARGETS SERIES\n");
  process.exit(2);
}
const fleet = await startFleet({ port, targetCount, seriesPerTarget });
process.stdout.write(`${JSON.stringify({ addresses: fleet.addresses, bodyBytes: fleet.bodyBytes })}\n`);
process.on("SIGTERM", () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write(`${JSON.stringify({ scrapes: fleet.scrapeCount, cpuMs: (user + system) / 1000 })}\n`);
  process.exit(0);
});

/**
 * Makes the golden files anew: gives the series to a real Prometheus by remote write and keeps the chunks of its snapshot.
 *
 *   PEERS=DIR node dist/test/golden/histogram-chunks/make.js
 */
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../src/base/index.js";
import { Labels } from "../../../src/model/index.js";
import { killAll, makeFolder, removeFolder, startPrometheus } from "../../peers/harness.js";
import { remoteWrite } from "../../support/remote-write.js";
import { goldenHistograms } from "./series.js";

const folder = makeFolder();
try {
  const server = await startPrometheus({
    config: {},
    folder,
    args: [
      "--web.enable-remote-write-receiver",
      "--web.enable-admin-api",
      "--enable-feature=native-histograms",
      "--storage.tsdb.retention.time=100y",
    ],
  });
  for (const { name, samples } of goldenHistograms()) {
    const labels = Labels.of({ __name__: name });
    // One sample a request: the order of a batch is the receiver's business.
    for (const sample of samples) await remoteWrite(server.url, [{ labels, histograms: [sample] }]);
    // Closes the last chunk: a snapshot writes open ones anew.
    await remoteWrite(server.url, [{ labels, samples: [[samples.at(-1)![0] + 1000, 0]] }]);
  }
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  const { data } = (await response.json()) as { data: { name: string } };
  const snapshot = join(folder, "data", "snapshots", data.name);
  const blocks = readdirSync(snapshot);
  if (blocks.length !== 1) throw new Error(`one block was expected, not ${blocks.length}`);
  const target = join(packageRoot(), "test", "golden", "histogram-chunks");
  copyFileSync(join(snapshot, blocks[0]!, "chunks", "000001"), join(target, "block.chunks"));
  copyFileSync(join(snapshot, blocks[0]!, "index"), join(target, "block.index"));
} finally {
  await killAll();
  removeFolder(folder);
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLogger, systemTimers } from "../../base/index.js";
import { serveWeb } from "./web.js";

test("an authority that is there and cannot be read stops the start: clients are never let in unchecked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vestal-operator-web-"));
  try {
    const certFile = join(folder, "tls.crt");
    writeFileSync(certFile, "");
    // A folder cannot be read by anyone, whoever runs this.
    const tls = { certFile, keyFile: certFile, clientCaFile: folder, minVersion: "TLSv1.3", reloadMs: 0 };
    const options = { listenAddress: "127.0.0.1:0", tls };
    const log = createLogger({ level: "error", format: "logfmt" });
    await expect(serveWeb(options, () => undefined, systemTimers, log)).rejects.toThrow(`cannot read ${folder}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

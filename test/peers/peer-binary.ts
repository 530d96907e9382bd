/** Where the real programs are: `PEERS` names the folder that has them in `bin/`. */
import { join } from "node:path";

/** @param name  such as `prometheus` or `promtool`. */
export function peerBinary(name: string): string {
  const folder = process.env["PEERS"];
  if (folder === undefined) throw new Error("PEERS must name the folder that has the peers' binaries in bin/");
  return join(folder, "bin", name);
}

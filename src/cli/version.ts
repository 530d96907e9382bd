/** What this program is, for `--version`, `status/buildinfo` and the metric `prometheus_build_info`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../base/index.js";

/** The Prometheus whose behaviour this is. Clients detect features by it, so it is a version of Prometheus. */
export const PROMETHEUS_VERSION = "3.5.3";

export function vestalVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return version;
}

/** Scripts read "prometheus, version X" from the first line. */
export function versionText(): string {
  return [
    `prometheus, version ${PROMETHEUS_VERSION} (vestal ${vestalVersion()})`,
    `  node version:     ${process.version}`,
    `  platform:         ${process.platform}/${process.arch}`,
    "",
  ].join("\n");
}

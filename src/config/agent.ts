/** What an agent's configuration may not have. */
import { refuse } from "./schema/http-client.js";
import type { Config } from "./types.js";

/** @throws VestalError CONFIG in Prometheus' words. */
export function refuseForAgent({ document }: Pick<Config, "document">): void {
  const section = [
    [document.alerting.alertmanagers?.length, "alerting"],
    [document.alerting.alert_relabel_configs?.length, "alerting"],
    [document.rule_files?.length, "rule_files"],
    [document.remote_read?.length, "remote_read"],
  ].find(([length]) => length !== undefined && length !== 0)?.[1];
  if (section !== undefined) refuse(`field ${section} is not allowed in agent mode`);
}

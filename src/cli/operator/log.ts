/** Levels of prometheus-operator's logs as ours. */
export function levelOf(level: string): "debug" | "info" | "warn" | "error" {
  if (level === "all" || level === "debug") return "debug";
  return level === "warn" || level === "error" ? level : level === "none" ? "error" : "info";
}

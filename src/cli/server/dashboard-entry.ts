/** A dashboard as it is listed: only its title, tags and uid are read, a page understands the rest. */
import { errorMessage } from "../../base/index.js";
import type { DashboardEntry } from "./dashboard-messages.js";

/** What cannot be read is listed with the reason: its author looks for it there. */
export function dashboardEntry(name: string, text: string, source: string, bytesMax: number): DashboardEntry {
  const plain = name.replace(/\.json$/, "");
  const bad = (error: string): DashboardEntry => ({ uid: plain, title: plain, tags: [], source, json: "", error });
  if (Buffer.byteLength(text) > bytesMax) return bad(`it is larger than ${bytesMax} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return bad(`it is no JSON: ${errorMessage(error)}`);
  }
  const outer = recordOf(parsed);
  const model =
    outer["panels"] === undefined && outer["dashboard"] !== undefined ? recordOf(outer["dashboard"]) : outer;
  const { uid, title, tags } = model;
  return {
    uid: typeof uid === "string" && uid !== "" ? uid : plain,
    title: typeof title === "string" && title !== "" ? title : plain,
    tags: Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string") : [],
    source,
    // A browser that opens the answer itself finds no markup in it.
    json: JSON.stringify(model).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    error: undefined,
  };
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** HELP, TYPE and UNIT lines to what `/api/v1/targets/metadata` shows of a target. */
import { KIND_HELP, KIND_TYPE } from "../../assembly/exposition/layout.js";
import type { MetricMetadata } from "../storage/index.js";

export interface CommentLine {
  /** KIND_HELP, KIND_TYPE or KIND_UNIT. */
  readonly kind: number;
  /** The line without its line end. */
  readonly text: string;
}

/** One entry a metric, in the order of first mention; a later line of the same kind wins. */
export function foldMetadata(lines: readonly CommentLine[], isOpenMetrics: boolean): readonly MetricMetadata[] {
  const found = new Map<string, { metric: string; type: string; help: string; unit: string }>();
  for (const line of lines) {
    const { name, text } = splitComment(line.text);
    let entry = found.get(name);
    if (entry === undefined) {
      entry = { metric: name, type: "unknown", help: "", unit: "" };
      found.set(name, entry);
    }
    if (line.kind === KIND_HELP) entry.help = unescapeHelp(text, isOpenMetrics);
    else if (line.kind === KIND_TYPE) entry.type = text === "untyped" ? "unknown" : text;
    else entry.unit = text;
  }
  return [...found.values()];
}

/** `# HELP name text`: the name, perhaps quoted, and what follows the byte behind it. */
function splitComment(line: string): { readonly name: string; readonly text: string } {
  const word = /^#[ \t]+(?:HELP|TYPE|UNIT)[ \t]+/.exec(line);
  const rest = line.slice(word?.[0].length ?? 0);
  const quoted = /^"((?:\\.|[^\\"])*)"/s.exec(rest);
  const plain = quoted ?? /^([a-zA-Z_:][a-zA-Z0-9_:]*)/.exec(rest);
  const name = plain?.[1] ?? "";
  const text = rest.slice((plain?.[0].length ?? 0) + 1);
  return { name, text: /^[ \t]*$/.test(rest.slice(plain?.[0].length ?? 0)) ? "" : text };
}

/** OpenMetrics escapes quotes as well. */
function unescapeHelp(text: string, isOpenMetrics: boolean): string {
  return text.replace(/\\([\\n"])/g, (all, escaped: string) => {
    if (escaped === "n") return "\n";
    return escaped === '"' && !isOpenMetrics ? all : escaped;
  });
}

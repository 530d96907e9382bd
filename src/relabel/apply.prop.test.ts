import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Labels } from "../model/index.js";
import { compileRules, DEFAULT_RULE, metricRelabeler, type RelabelRule, relabel } from "./index.js";

const name = fc.constantFrom("a", "b", "c", "d");
const value = fc.constantFrom("", "x", "y", "xy", "X1");
const labels = fc.dictionary(name, value).map((record) => Labels.of(record));
const rule: fc.Arbitrary<RelabelRule> = fc
  .record({
    action: fc.constantFrom(
      "replace",
      "keep",
      "drop",
      "keepequal",
      "dropequal",
      "hashmod",
      "labeldrop",
      "labelkeep",
      "lowercase",
      "uppercase",
    ),
    sourceLabels: fc.array(name, { maxLength: 3 }),
    regex: fc.constantFrom("(.*)", "x|y", "a|b", ".+", ""),
    targetLabel: name,
    replacement: fc.constantFrom("$1", "new", ""),
  } as const)
  .map((fields) => ({ ...DEFAULT_RULE, ...fields, modulus: "7" }));

/** The rules over a plain record; the few expressions above are safe for RegExp. */
function model(record: Record<string, string>, rules: readonly RelabelRule[]): Record<string, string> | undefined {
  const now = { ...record };
  const set = (key: string, text: string): void => {
    if (text === "") delete now[key];
    else now[key] = text;
  };
  for (const { action, sourceLabels, regex, targetLabel: target, replacement } of rules) {
    const text = sourceLabels.map((source) => now[source] ?? "").join(";");
    const match = new RegExp(`^(?:${regex})$`, "s").exec(text);
    const names = Object.keys(now).filter((key) => new RegExp(`^(?:${regex})$`).test(key) === (action === "labeldrop"));
    if (action === "keep" && !match) return undefined;
    if (action === "drop" && match) return undefined;
    if (action === "keepequal" && (now[target] ?? "") !== text) return undefined;
    if (action === "dropequal" && (now[target] ?? "") === text) return undefined;
    if (action === "replace" && match) set(target, replacement.replace("$1", match[1] ?? ""));
    if (action === "lowercase") set(target, text.toLowerCase());
    if (action === "uppercase") set(target, text.toUpperCase());
    if (action === "hashmod") {
      set(target, String(BigInt(`0x${createHash("md5").update(text).digest("hex").slice(16)}`) % 7n));
    }
    if (action === "labeldrop" || action === "labelkeep") for (const key of names) delete now[key];
  }
  return now;
}

test("rules do to labels what they do to a plain record; steps and the memo agree", () => {
  fc.assert(
    fc.property(labels, fc.array(rule, { maxLength: 5 }), (given, rules) => {
      const compiled = compileRules(rules);
      const expected = model(given.toObject(), rules);
      const result = relabel(given, compiled);
      expect(result.labels?.toObject()).toEqual(expected);
      expect(result.droppedBy === undefined).toBe(expected !== undefined);
      const memo = metricRelabeler(structuredClone(rules), { entriesMax: 2 });
      expect([memo(given)?.key, memo(given)?.key]).toEqual([result.labels?.key, result.labels?.key]);
    }),
  );
});

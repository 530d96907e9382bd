import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../base/index.js";
import { readRules } from "../../rules/format/index.js";
import { checkAlertTemplate } from "../../template/index.js";
import { rulesText } from "../generate/rules.js";
import type { Json } from "../kube-object.js";
import { manifestFiles, manifestText } from "./files.js";

test.each([...manifestFiles().keys()])("deploy/manifests/%s is what the generator makes", (path) => {
  const text = readFileSync(join(packageRoot(), "deploy", "manifests", path), "utf8");
  expect(manifestText(manifestFiles().get(path) ?? [])).toBe(text);
});

test("Prometheus 3.5 can load every rule, and each alert tells what it means", () => {
  for (const { metadata, ...rest } of manifestFiles().get("30-rules.yaml") ?? []) {
    const spec = rest["spec"] as { readonly groups: readonly { readonly rules: readonly Json[] }[] };
    const { errors } = readRules(rulesText(spec as unknown as Json), {
      checkTemplate: (name, text) => {
        checkAlertTemplate(name, text);
        return undefined;
      },
    });
    expect(errors ?? [], metadata.name).toEqual([]);
    for (const rule of spec.groups.flatMap(({ rules }) => rules) as unknown as Readonly<Record<string, unknown>>[]) {
      if (rule["alert"] === undefined) continue;
      expect(Object.keys(rule["annotations"] as object), String(rule["alert"])).toEqual(["summary", "description"]);
    }
  }
});

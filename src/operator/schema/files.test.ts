import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../base/index.js";
import { generatedFiles } from "./files.js";

/** What `kubectl apply` can store of an object in its annotation. */
const KUBECTL_LIMIT_BYTES = 256 * 1024;

describe("generated files", () => {
  for (const [path, text] of generatedFiles()) {
    test(`${path} is what the description says`, () => {
      expect(readFileSync(join(packageRoot(), path), "utf8")).toBe(text);
    });
    if (!path.endsWith(".yaml")) continue;
    test(`${path} is small enough for kubectl apply`, () => {
      expect(Buffer.byteLength(JSON.stringify(parse(text)))).toBeLessThan(KUBECTL_LIMIT_BYTES);
      expect(Buffer.byteLength(text)).toBeLessThan(KUBECTL_LIMIT_BYTES);
    });
    test(`${path} is a structural schema`, () => {
      for (const version of parse(text).spec.versions)
        expect(problemsOf(version.schema.openAPIV3Schema, "")).toEqual([]);
    });
  }
});

interface OpenApi {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly required?: readonly string[];
  readonly items?: OpenApi;
  readonly additionalProperties?: OpenApi;
  readonly [key: string]: unknown;
}

/** Rules that an API server enforces on the schema of a custom resource. */
function problemsOf(schema: OpenApi, path: string): string[] {
  const problems: string[] = [];
  const isAny =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.type === undefined && !isAny) problems.push(`${path}: no type`);
  if (schema.type === "array" && schema.items === undefined) problems.push(`${path}: an array without items`);
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) {
    problems.push(`${path}: properties and additionalProperties`);
  }
  for (const name of schema.required ?? []) {
    if (schema.properties?.[name] === undefined) problems.push(`${path}: requires unknown ${name}`);
  }
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []) as readonly string[];
  for (const key of keys) {
    const property = schema.items?.properties?.[key];
    const isCertain = schema.items?.required?.includes(key) || property?.["default"] !== undefined;
    if (property === undefined || !isCertain) problems.push(`${path}: list key ${key} is optional`);
  }
  if (schema["x-kubernetes-list-type"] === "set" && schema.items?.type !== "string")
    problems.push(`${path}: set of objects`);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    problems.push(...problemsOf(property, `${path}.${name}`));
  }
  if (schema.items !== undefined) problems.push(...problemsOf(schema.items, `${path}[]`));
  if (schema.additionalProperties !== undefined) problems.push(...problemsOf(schema.additionalProperties, `${path}{}`));
  return problems;
}

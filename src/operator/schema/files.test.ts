import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  type DefinitionObject,
  definitionProblems,
  type SchemaNode,
} from "../../../test/doubles/kubernetes/structural-schema.js";
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
    test(`${path} is a definition that an API server takes`, () => {
      expect(definitionProblems(parse(text))).toEqual([]);
    });
  }
});

describe("a definition that an API server refuses", () => {
  const definition = (schema: SchemaNode, more: object = {}) => ({
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { kind: "Widget", listKind: "WidgetList", plural: "widgets", singular: "widget" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      ...more,
    },
  });
  const spec = (schema: SchemaNode): SchemaNode => ({ type: "object", properties: { spec: schema } });
  const ports = (items: SchemaNode): SchemaNode => ({
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port"],
    items,
  });

  test.each<[string, SchemaNode]>([
    ["no type", {}],
    ["an array without items", { type: "array" }],
    ["both kinds of properties", { type: "object", properties: {}, additionalProperties: false }],
    ["an unknown required field", { type: "object", required: ["a"] }],
    ["an optional list key", ports({ type: "object", properties: { port: { type: "integer" } } })],
    ["a list key that is no property", ports({ type: "object", required: ["port"] })],
    ["a list of type map of scalars", ports({ type: "integer" })],
    ["a set of objects", { type: "array", "x-kubernetes-list-type": "set", items: { type: "object" } }],
    ["a list type of a map", { type: "object", "x-kubernetes-list-type": "atomic" }],
    ["a type beside int-or-string", { type: "string", "x-kubernetes-int-or-string": true }],
    ["a type in a junctor", { type: "object", anyOf: [{ type: "object" }] }],
    ["a field of a junctor only", { type: "object", anyOf: [{ properties: { a: { minimum: 1 } } }] }],
    ["a reference", { type: "object", $ref: "#/definitions/a" }],
    ["a pattern with a lookahead", { type: "string", pattern: "^(?!a)" }],
    ["an empty rule", { type: "object", "x-kubernetes-validations": [{ rule: " " }] }],
    [
      "preserved fields of a list",
      { type: "array", items: { type: "string" }, "x-kubernetes-preserve-unknown-fields": true },
    ],
  ])("%s", (_, schema) => {
    expect(definitionProblems(definition(spec(schema)))).not.toEqual([]);
  });

  test("a definition without faults is taken", () => {
    const port = { type: "object", properties: { port: { type: "integer", default: 1 } } };
    expect(definitionProblems(definition(spec(ports(port))))).toEqual([]);
  });

  test.each([
    [
      "two stored versions",
      {
        versions: [1, 2].map((i) => ({
          name: `v${i}`,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object" } },
        })),
      },
    ],
    ["unknown fields preserved everywhere", { preserveUnknownFields: true }],
    ["another plural than in its name", { names: { kind: "Widget", plural: "gadgets" } }],
  ])("%s", (_, more) => {
    expect(definitionProblems(definition({ type: "object" }, more) as DefinitionObject)).not.toEqual([]);
  });
});

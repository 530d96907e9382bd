/** Makes CustomResourceDefinitions from the description of the kinds. */
import type { Fields, Json, Schema } from "./dsl.js";
import { GROUP, type Kind, type Version } from "./index.js";

type Mutable = { [key: string]: Json };

/**
 * What an API server validates and prunes by. The fields of a shared shape are described where a resource uses it first:
 * written out each time, descriptions alone would take a resource over the size that `kubectl apply` can store.
 */
export function openApiOf(schema: Schema, described: Set<string> = new Set()): Json {
  const out: Mutable = {};
  if (schema.description !== "") out["description"] = schema.description;
  addType(out, schema, described);
  addLimits(out, schema);
  return out;
}

function silent(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...field, description: "" }]));
}

/** The fields of an object, with their descriptions or without. */
function fieldsOf(schema: Schema, described: Set<string>): Fields {
  const fields = schema.fields ?? {};
  if (schema.shape === undefined) return fields;
  if (described.has(schema.shape)) return silent(fields);
  described.add(schema.shape);
  return fields;
}

function addType(out: Mutable, schema: Schema, described: Set<string>): void {
  switch (schema.type) {
    case "intOrString":
      out["anyOf"] = [{ type: "integer" }, { type: "string" }];
      out["x-kubernetes-int-or-string"] = true;
      return;
    case "any":
      out["x-kubernetes-preserve-unknown-fields"] = true;
      return;
    case "map":
      out["type"] = "object";
      if (schema.items !== undefined) out["additionalProperties"] = openApiOf(schema.items, described);
      if (schema.isAtomic) out["x-kubernetes-map-type"] = "atomic";
      return;
    case "array":
      out["type"] = "array";
      if (schema.items !== undefined) out["items"] = openApiOf(schema.items, described);
      out["x-kubernetes-list-type"] = schema.limits.keys !== undefined ? "map" : (schema.limits.listType ?? "atomic");
      if (schema.limits.keys !== undefined) out["x-kubernetes-list-map-keys"] = [...schema.limits.keys];
      return;
    case "object":
      out["type"] = "object";
      addFields(out, fieldsOf(schema, described), described);
      if (schema.isOpen) out["x-kubernetes-preserve-unknown-fields"] = true;
      if (schema.isAtomic) out["x-kubernetes-map-type"] = "atomic";
      return;
    default:
      out["type"] = schema.type;
      if (schema.format !== undefined) out["format"] = schema.format;
  }
}

function addFields(out: Mutable, fields: Fields, described: Set<string>): void {
  const names = Object.keys(fields).sort();
  if (names.length > 0)
    out["properties"] = Object.fromEntries(names.map((name) => [name, openApiOf(fields[name]!, described)]));
  const required = names.filter((name) => fields[name]?.limits.required === true);
  if (required.length > 0) out["required"] = required;
}

function addLimits(out: Mutable, { limits }: Schema): void {
  if (limits.default !== undefined) out["default"] = limits.default;
  if (limits.oneOf !== undefined) out["enum"] = [...limits.oneOf];
  if (limits.pattern !== undefined) out["pattern"] = limits.pattern;
  if (limits.min !== undefined) out["minimum"] = limits.min;
  if (limits.max !== undefined) out["maximum"] = limits.max;
  if (limits.minLength !== undefined) out["minLength"] = limits.minLength;
  if (limits.maxLength !== undefined) out["maxLength"] = limits.maxLength;
  if (limits.minItems !== undefined) out["minItems"] = limits.minItems;
  if (limits.maxItems !== undefined) out["maxItems"] = limits.maxItems;
  if (limits.rules !== undefined) out["x-kubernetes-validations"] = limits.rules.map((rule) => ({ rule }));
}

export interface CrdOptions {
  /** Where the API server converts between versions; without it only versions that need no conversion are served. */
  readonly conversion?: {
    readonly service: string;
    readonly namespace: string;
    readonly path: string;
    readonly caBundle?: string;
  };
}

export function crdOf(kind: Kind, { conversion }: CrdOptions = {}): Json {
  const versions = kind.versions.filter((version) => !version.needsConversion || conversion !== undefined);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      ...(conversion === undefined || versions.length < 2 ? {} : { conversion: webhook(conversion) }),
      group: GROUP,
      names: {
        categories: ["prometheus-operator"],
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        shortNames: [kind.shortName],
        singular: kind.kind.toLowerCase(),
      },
      scope: "Namespaced",
      versions: versions.map((version, index) => versionOf(kind, version, index === 0)),
    },
  };
}

function webhook(to: NonNullable<CrdOptions["conversion"]>): Json {
  return {
    strategy: "Webhook",
    webhook: {
      conversionReviewVersions: ["v1", "v1beta1"],
      clientConfig: {
        service: { name: to.service, namespace: to.namespace, path: to.path },
        ...(to.caBundle === undefined ? {} : { caBundle: to.caBundle }),
      },
    },
  };
}

function versionOf(kind: Kind, version: Version, isStored: boolean): Json {
  const { scale } = kind;
  return {
    additionalPrinterColumns: kind.columns.map((column) => ({ ...column })),
    name: version.name,
    schema: {
      openAPIV3Schema: openApiOf({
        type: "object",
        description: kind.description,
        limits: {},
        fields: {
          apiVersion: { type: "string", description: "version of this representation", limits: {} },
          kind: { type: "string", description: "kind of the object", limits: {} },
          metadata: { type: "object", description: "", limits: {} },
          spec: {
            type: "object",
            description: "what is wanted",
            limits: { required: true, ...(version.rules === undefined ? {} : { rules: version.rules }) },
            fields: version.spec,
          },
          status: { type: "object", description: "what the operator says about it", limits: {}, fields: kind.status },
        },
      }),
    },
    served: true,
    storage: isStored,
    subresources: {
      ...(scale === undefined
        ? {}
        : {
            scale: {
              labelSelectorPath: scale.selector,
              specReplicasPath: scale.spec,
              statusReplicasPath: scale.status,
            },
          }),
      status: {},
    },
  };
}

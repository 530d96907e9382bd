/**
 * What an API server demands of a CustomResourceDefinition before it serves it: names, versions, subresources, and the rules of
 * structural schemas (Kubernetes documentation, "Specifying a structural schema" and "Merge strategy").
 */

export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly nullable?: boolean;
  readonly [key: string]: unknown;
}

export interface DefinitionObject {
  readonly metadata: { readonly name?: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly preserveUnknownFields?: boolean;
    readonly names: {
      readonly kind: string;
      readonly listKind?: string;
      readonly plural: string;
      readonly singular?: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly VersionNode[];
    readonly conversion?: {
      readonly strategy: string;
      readonly webhook?: { readonly conversionReviewVersions?: unknown };
    };
  };
}

interface VersionNode {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: SchemaNode };
  readonly subresources?: { readonly scale?: Readonly<Record<string, string>> };
  readonly additionalPrinterColumns?: readonly {
    readonly name: string;
    readonly type: string;
    readonly jsonPath: string;
  }[];
}

const TYPES = ["string", "number", "integer", "boolean", "array", "object"];
const COLUMN_TYPES = ["integer", "number", "string", "boolean", "date"];
const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const JUNCTORS = ["allOf", "anyOf", "oneOf", "not"];
const FORBIDDEN = [
  "$ref",
  "definitions",
  "dependencies",
  "deprecated",
  "discriminator",
  "id",
  "patternProperties",
  "readOnly",
  "writeOnly",
  "xml",
  "additionalItems",
];
/** Beside these, nothing may stand inside a junctor. */
const FORBIDDEN_IN_JUNCTORS = ["description", "type", "default", "additionalProperties", "nullable", "title"];

/** Why it is refused, each with its place. */
export function definitionProblems({ metadata, spec }: DefinitionObject): readonly string[] {
  const problems: string[] = [];
  const { group, names, scope, versions, conversion } = spec;
  if (metadata.name !== `${names.plural}.${group}`) problems.push(`metadata.name: must be ${names.plural}.${group}`);
  const lower = [names.plural, names.singular ?? "x", ...(names.shortNames ?? []), ...(names.categories ?? [])];
  for (const name of lower) if (!DNS_LABEL.test(name)) problems.push(`spec.names: ${JSON.stringify(name)} is no label`);
  if (names.listKind === names.kind) problems.push("spec.names.listKind: must not be the kind");
  if (scope !== "Namespaced" && scope !== "Cluster") problems.push(`spec.scope: ${scope}`);
  if (spec.preserveUnknownFields === true) problems.push("spec.preserveUnknownFields: must be false");
  if (versions.filter(({ storage }) => storage).length !== 1) problems.push("spec.versions: one must be stored");
  if (!versions.some(({ served }) => served)) problems.push("spec.versions: one must be served");
  if (conversion?.strategy === "Webhook" && !Array.isArray(conversion.webhook?.conversionReviewVersions)) {
    problems.push("spec.conversion.webhook.conversionReviewVersions: is required");
  }
  for (const version of versions) problems.push(...versionProblems(version));
  return problems;
}

function versionProblems({ name, schema, subresources, additionalPrinterColumns }: VersionNode): string[] {
  const problems: string[] = [];
  if (!DNS_LABEL.test(name)) problems.push(`${name}: is no version`);
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath = ".spec.x" } = subresources?.scale ?? {};
  if (subresources?.scale !== undefined) {
    if (!/^\.spec(\.\w+)+$/.test(specReplicasPath)) problems.push(`${name}: scale: ${specReplicasPath}`);
    if (!/^\.status(\.\w+)+$/.test(statusReplicasPath)) problems.push(`${name}: scale: ${statusReplicasPath}`);
    if (!/^\.(spec|status)(\.\w+)+$/.test(labelSelectorPath)) problems.push(`${name}: scale: ${labelSelectorPath}`);
  }
  for (const column of additionalPrinterColumns ?? []) {
    if (!COLUMN_TYPES.includes(column.type)) problems.push(`${name}: column ${column.name}: type ${column.type}`);
    if (!column.jsonPath.startsWith(".")) problems.push(`${name}: column ${column.name}: path ${column.jsonPath}`);
  }
  const root = schema.openAPIV3Schema;
  if (root.type !== "object") problems.push(`${name}: the root must be an object`);
  return [...problems, ...schemaProblems(root, name)];
}

/** Of a node and everything below it. */
function schemaProblems(schema: SchemaNode, path: string): string[] {
  const problems: string[] = [];
  const refuse = (why: string): void => void problems.push(`${path}: ${why}`);
  const { type, properties = {}, additionalProperties, items } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"];
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  if (type === undefined && isOpen !== true && !isIntOrString) refuse("type is required");
  if (type !== undefined && !TYPES.includes(type)) refuse(`type ${type} is unknown`);
  if (isIntOrString && type !== undefined) refuse("an integer or a string has no type");
  if (isOpen !== undefined && isOpen !== true) refuse("x-kubernetes-preserve-unknown-fields may only be true");
  if (isOpen === true && type !== undefined && type !== "object") refuse("only objects preserve unknown fields");
  for (const field of FORBIDDEN) if (schema[field] !== undefined) refuse(`${field} is forbidden`);
  if (schema["uniqueItems"] === true) refuse("uniqueItems must not be true");
  if (type === "array" && items === undefined) refuse("an array needs items");
  if (Array.isArray(items)) refuse("items must be one schema");
  if (additionalProperties === false) refuse("additionalProperties must not be false");
  if (additionalProperties !== undefined && Object.keys(properties).length > 0) {
    refuse("properties and additionalProperties exclude each other");
  }
  problems.push(...mergeProblems(schema, path), ...patternProblems(schema, path), ...ruleProblems(schema, path));
  for (const junctor of JUNCTORS) {
    for (const each of [(schema[junctor] ?? []) as SchemaNode | SchemaNode[]].flat()) {
      problems.push(...junctorProblems(each, schema, isIntOrString, `${path}.${junctor}`));
    }
  }
  for (const [name, property] of Object.entries(properties))
    problems.push(...schemaProblems(property, `${path}.${name}`));
  if (items !== undefined) problems.push(...schemaProblems(items, `${path}[]`));
  if (typeof additionalProperties === "object") problems.push(...schemaProblems(additionalProperties, `${path}{}`));
  return problems;
}

/** How lists and maps are merged by server-side apply. */
function mergeProblems({ type, items, required, properties = {}, ...schema }: SchemaNode, path: string): string[] {
  const problems: string[] = [];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
  const mapType = schema["x-kubernetes-map-type"];
  if (listType !== undefined && type !== "array") problems.push(`${path}: only a list has a list type`);
  if (mapType !== undefined && type !== "object") problems.push(`${path}: only an object has a map type`);
  if (mapType !== undefined && mapType !== "atomic" && mapType !== "granular") problems.push(`${path}: ${mapType}`);
  if (listType !== "map" && keys !== undefined) problems.push(`${path}: only a list of type map has keys`);
  if (listType === "set") {
    const isAtomic = items?.["x-kubernetes-list-type"] === "atomic" || items?.["x-kubernetes-map-type"] === "atomic";
    if (items?.type === "object" && !isAtomic) problems.push(`${path}: items of a set are scalars, or atomic`);
    if (items?.nullable === true) problems.push(`${path}: items of a set are never null`);
  }
  if (listType === "map") {
    if (keys === undefined || keys.length === 0) problems.push(`${path}: a list of type map needs keys`);
    if (items?.type !== "object") problems.push(`${path}: a list of type map has objects`);
    if (items?.nullable === true) problems.push(`${path}: items of a list of type map are never null`);
    for (const key of keys ?? []) {
      const property = items?.properties?.[key];
      if (property === undefined) problems.push(`${path}: key ${key} is no property`);
      else if (property.type === "object" || property.type === "array")
        problems.push(`${path}: key ${key} is no scalar`);
      else if (property["default"] === undefined && items?.required?.includes(key) !== true) {
        problems.push(`${path}: key ${key} is neither required nor has a default`);
      }
    }
  }
  for (const name of required ?? []) {
    if (!Object.hasOwn(properties, name)) {
      problems.push(`${path}: requires unknown ${name}`);
    }
  }
  return problems;
}

function patternProblems(schema: SchemaNode, path: string): string[] {
  const pattern = schema["pattern"];
  if (pattern === undefined) return [];
  try {
    // RE2's flag for a group; RE2 knows neither lookarounds nor references.
    new RegExp(String(pattern).replaceAll("(?i)", ""), "u");
  } catch {
    return [`${path}: pattern ${pattern} does not compile`];
  }
  return /\(\?<?[=!]|\\[1-9]/.test(String(pattern)) ? [`${path}: pattern ${pattern} is none of RE2`] : [];
}

/** CEL itself is not compiled here. */
function ruleProblems(schema: SchemaNode, path: string): string[] {
  const rules = (schema["x-kubernetes-validations"] ?? []) as readonly {
    readonly rule?: string;
    readonly message?: string;
  }[];
  const problems = rules.filter(({ rule = "" }) => rule.trim() === "").map(() => `${path}: a rule is empty`);
  const multiLine = rules.some(({ rule = "", message }) => rule.includes("\n") && (message ?? "") === "");
  return multiLine ? [...problems, `${path}: a rule of several lines needs a message`] : problems;
}

function junctorProblems(schema: SchemaNode, outer: SchemaNode, isIntOrString: boolean, path: string): string[] {
  const problems: string[] = [];
  const { type } = schema;
  const isItsForm = isIntOrString && (type === "integer" || type === "string") && Object.keys(schema).length === 1;
  if (isItsForm) return [];
  for (const field of FORBIDDEN_IN_JUNCTORS) {
    if (schema[field] !== undefined) problems.push(`${path}: ${field} is forbidden here`);
  }
  for (const field of Object.keys(schema)) {
    if (field.startsWith("x-kubernetes-")) problems.push(`${path}: ${field} is forbidden here`);
  }
  for (const name of Object.keys(schema.properties ?? {})) {
    if (outer.properties?.[name] === undefined) problems.push(`${path}: ${name} is not described outside`);
  }
  return problems;
}

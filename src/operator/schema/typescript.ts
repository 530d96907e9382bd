/** Makes the TypeScript types of the kinds from their description. Every field may be missing, as in a test's object. */
import type { Fields, Schema } from "./dsl.js";
import { KINDS, type Kind } from "./index.js";

const HEAD = `/** Types of the custom resources. Made by \`npm run crds\` from src/operator/schema: do not edit. */
import type { KubeObject, ObjectMeta } from "../../kube-object.js";
`;

export function typesOf(kinds: readonly Kind[] = KINDS): string {
  const writer = new TypeWriter();
  for (const kind of kinds) {
    for (const [index, version] of kind.versions.entries()) {
      writer.addResource(kind, index === 0 ? kind.kind : `${kind.kind}${pascal(version.name)}`, version.spec);
    }
  }
  return `${HEAD}\n${writer.text()}`;
}

class TypeWriter {
  readonly #interfaces: string[] = [];
  readonly #nameOf = new Map<Fields, string>();
  readonly #taken = new Set<string>();

  text(): string {
    return `${this.#interfaces.join("\n\n")}\n`;
  }

  addResource(kind: Kind, name: string, spec: Fields): void {
    this.#interfaces.push(
      [
        `/** ${kind.description} */`,
        `export interface ${name} {`,
        "  readonly apiVersion?: string;",
        "  readonly kind?: string;",
        "  readonly metadata?: ObjectMeta;",
        `  readonly spec?: ${name}Spec;`,
        `  readonly status?: ${this.#interface(`${name}Status`, kind.status)};`,
        "}",
      ].join("\n"),
    );
    this.#interface(`${name}Spec`, spec, name);
  }

  /** The name of the interface with these fields; equal descriptions share one. */
  #interface(name: string, fields: Fields, prefix = name): string {
    const known = this.#nameOf.get(fields);
    if (known !== undefined) return known;
    if (this.#taken.has(name)) return name;
    this.#nameOf.set(fields, name);
    this.#taken.add(name);
    const lines = Object.entries(fields).map(([field, schema]) => this.#field(field, schema, prefix));
    this.#interfaces.push(`export interface ${name} {\n${lines.join("\n")}\n}`);
    return name;
  }

  #field(name: string, schema: Schema, prefix: string): string {
    const doc = schema.description === "" ? "" : `  /** ${schema.description.replaceAll("*/", "* /")} */\n`;
    return `${doc}  readonly ${name}?: ${this.#type(schema, prefix + pascal(name))};`;
  }

  #type(schema: Schema, path: string): string {
    switch (schema.type) {
      case "string":
        return schema.limits.oneOf?.map((value) => JSON.stringify(value)).join(" | ") ?? "string";
      case "boolean":
        return "boolean";
      case "integer":
        return "number";
      case "intOrString":
        return "number | string";
      case "any":
        return "unknown";
      case "map":
        return `Readonly<Record<string, ${this.#item(schema, path)}>>`;
      case "array":
        return `readonly ${wrap(this.#item(schema, singular(path)))}[]`;
      case "object":
        if (schema.isOpen) return "KubeObject";
        return this.#interface(schema.shape ?? path, schema.fields ?? {});
    }
  }

  #item(schema: Schema, path: string): string {
    return schema.items === undefined ? "unknown" : this.#type(schema.items, path);
  }
}

function wrap(type: string): string {
  return /[ |]/.test(type) ? `(${type})` : type;
}

function pascal(name: string): string {
  return name.replace(/(^|[^a-zA-Z0-9])([a-zA-Z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("ses") ? name.slice(0, -2) : name.replace(/s$/, "");
}

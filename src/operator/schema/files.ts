/** The files made from the description: `npm run crds` writes them, and a test compares them with what is committed. */
import { Document, isMap, isScalar, visit } from "yaml";
import { crdOf } from "./crd.js";
import type { Json } from "./dsl.js";
import { GROUP, KINDS } from "./index.js";
import { typesOf } from "./typescript.js";

const HEAD = "# Made by `npm run crds` from src/operator/schema: do not edit.\n";

/** In the variant with a conversion webhook, as upstream names its Service. */
const CONVERSION = { service: "prometheus-operator-admission-webhook", namespace: "default", path: "/convert" };

/** Paths from the project's root, and texts. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) {
    files.set(`crds/${GROUP}_${kind.plural}.yaml`, yamlOf(crdOf(kind)));
    if (kind.versions.length > 1) {
      files.set(
        `crds/conversion-webhook/${GROUP}_${kind.plural}.yaml`,
        yamlOf(crdOf(kind, { conversion: CONVERSION }), 1600),
      );
    }
  }
  files.set("src/operator/schema/generated/types.ts", typesOf());
  return files;
}

/**
 * A field without fields of its own takes one line, which keeps the files small and easy to look through. So do others of
 * up to `flowLength` characters, where a resource would be too large otherwise.
 */
function yamlOf(crd: Json, flowLength = 0): string {
  const document = new Document(crd, { aliasDuplicateObjects: false });
  visit(document, {
    Map(_, map) {
      const isLeaf = map.items.every(({ value }) => !isMap(value));
      if (isLeaf || JSON.stringify(map).length <= flowLength) map.flow = true;
    },
    Seq(_, seq) {
      if (seq.items.every((item) => isScalar(item))) seq.flow = true;
    },
  });
  return HEAD + document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

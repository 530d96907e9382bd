/** The manifests of a real installation of kube-prometheus: they must apply unchanged, nothing refused, nothing lost. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { admit, customKindsIn } from "../../../test/doubles/kubernetes/custom-resource.js";
import { packageRoot } from "../../base/index.js";

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const kinds = customKindsIn(join(packageRoot(), "crds"));
const folder = join(packageRoot(), "../shared/corpus/kube-prometheus");

const ours = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => document.toJS()))
  .flatMap((document: (Typed & { readonly items?: readonly Typed[] }) | null) => document?.items ?? document ?? [])
  .filter((object): object is Typed => (object as Typed).apiVersion?.startsWith("monitoring.coreos.com/"));

describe("a real installation", () => {
  test("has objects of all usual kinds", () => {
    expect(ours.length).toBeGreaterThan(20);
  });

  for (const object of ours) {
    test(`${object.kind} ${object.metadata.name} is taken as it is`, () => {
      const kind = kinds.find((one) => one.kind === object.kind && object.apiVersion === `${one.group}/${one.version}`);
      const { problems, pruned } = admit(kind!.schema, object);
      expect(problems).toEqual([]);
      expect(pruned).toEqual([]);
    });
  }
});

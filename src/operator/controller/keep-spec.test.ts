import { expect, test } from "vitest";
import { keepSpec } from "./keep-spec.js";
import { SERVICE_MONITOR } from "./resources.js";
import { selectObjects } from "./selection.js";

const monitor = (uid: string | undefined, generation: number | undefined, path: string, labels = {}) => ({
  metadata: {
    name: "m",
    namespace: "n",
    labels,
    ...(uid !== undefined && { uid }),
    ...(generation !== undefined && { generation }),
  },
  spec: { path },
});

test.each([
  ["the same generation", monitor("u", 1, "/a"), "/a"],
  ["another generation", monitor("u", 2, "/a"), "/b"],
  ["another object of the name", monitor("v", 1, "/a"), "/b"],
  ["an object without a generation", monitor("u", undefined, "/a"), "/b"],
  ["nothing", undefined, "/b"],
])("after %s", (_, before, path) => {
  const after = keepSpec(monitor("u", 1, "/b"), before) as ReturnType<typeof monitor>;
  expect(after.spec).toEqual({ path });
  expect(after.spec === before?.spec).toBe(path === "/a");
});

test("what is selected stays the same object while its status alone is written, and becomes another with its labels", () => {
  const select = (object: object) => {
    const cache = { list: () => [object] } as unknown as Parameters<typeof selectObjects>[1];
    return selectObjects(SERVICE_MONITOR, cache, {}, new Set(["n"]))[0];
  };
  const first = monitor("u", 1, "/a");
  const written = keepSpec({ ...monitor("u", 1, "/a"), status: {} } as never, first);
  expect(select(written)).toBe(select(first));
  expect(select(keepSpec(monitor("u", 1, "/a", { team: "b" }), first))).not.toBe(select(first));
});

import { expect, test } from "vitest";
import { fingerprint, labelSet } from "./labels.js";

/** Given by Alertmanager 0.33 for the same alerts. */
test.each([
  [{ "a b": "c" }, "247aa979d450c4d9"],
  [{ ü: "c" }, "c2094d9bdc59d0a1"],
  [{ a: "b" }, "d2b371819297f98a"],
  [{ alertname: "u", "ü.x": "y z" }, "68203f22ec2bce91"],
])("the fingerprint of %j", (labels, text) => {
  expect(fingerprint(labelSet(Object.entries(labels)))).toBe(text);
});

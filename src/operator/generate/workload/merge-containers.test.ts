import { expect, test } from "vitest";
import { mergeContainers } from "./merge-containers.js";

const base = {
  name: "prometheus",
  image: "a",
  args: ["--one", "--two"],
  ports: [{ name: "web", containerPort: 9090 }],
  env: [
    { name: "A", value: "1" },
    { name: "B", value: "2" },
  ],
  readinessProbe: { httpGet: { path: "/-/ready" }, periodSeconds: 5 },
};

const merge = (patch: object) => mergeContainers([base], [{ name: "prometheus", ...patch }])[0];

test("fields of the patch win, others stay", () => {
  expect(merge({ image: "b", tty: true })).toEqual({ ...base, image: "b", tty: true });
});

test("lists with a key merge by it, others are replaced", () => {
  expect(merge({ args: ["--three"], env: [{ name: "B", value: "3" }, { name: "C" }] })).toMatchObject({
    args: ["--three"],
    env: [{ name: "A", value: "1" }, { name: "B", value: "3" }, { name: "C" }],
  });
});

test("a probe gets the handler of the patch only", () => {
  expect(merge({ readinessProbe: { exec: { command: ["x"] } } })).toMatchObject({
    readinessProbe: { exec: { command: ["x"] }, periodSeconds: 5 },
  });
  expect((merge({ readinessProbe: { exec: {} } }) as typeof base).readinessProbe.httpGet).toBeUndefined();
});

test("a container of another name is added", () => {
  expect(mergeContainers([base], [{ name: "proxy" }])).toEqual([base, { name: "proxy", resources: {} }]);
});

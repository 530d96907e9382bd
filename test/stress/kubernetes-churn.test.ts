import { expect, test } from "vitest";
import { runChurn } from "./kubernetes-churn.js";

/** The long form is a program: `node dist/test/stress/kubernetes-churn.js`. */
test("targets follow a cluster in motion, and none goes away because a watch did", async () => {
  const options = { pods: 300, services: 30, seconds: 5, cutSeconds: 1, changedShare: 10, seed: 7 };
  const result = await runChurn(options);
  expect(result.changes).toBeGreaterThan(100);
  expect(result).toMatchObject({ flaps: 0, isConverged: true });
}, 90_000);

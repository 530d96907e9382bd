import { expect, test } from "vitest";
import type { WorkloadView } from "../controller/overview.js";
import { explainRollout, type Rollout, type RolloutPod } from "./rollout.js";

const WRITTEN_MS = Date.parse("2026-01-02T03:04:05Z");

const workload = (more: Partial<WorkloadView> = {}): WorkloadView => ({
  kind: "Prometheus",
  namespace: "monitoring",
  name: "main",
  isPaused: false,
  isBeingDeleted: false,
  generation: 4,
  conditions: [],
  reconciliation: { isWaiting: false, lastAt: "2026-01-02T03:04:06Z", generation: 4 },
  sets: [
    {
      kind: "StatefulSet",
      namespace: "monitoring",
      name: "prometheus-main",
      isThere: true,
      wanted: 1,
      ready: 1,
      updated: 1,
    },
  ],
  selects: [],
  ...more,
});
const pod = (more: Partial<RolloutPod> = {}): RolloutPod => ({
  name: "prometheus-main-0",
  isReady: true,
  isUpdated: true,
  loaded: { isLastReloadSuccessful: true, atMs: WRITTEN_MS + 20_000 },
  ...more,
});
const rollout = (more: Partial<Rollout> = {}): Rollout => ({
  workload: workload(),
  secret: "prometheus-main",
  secretChangedMs: WRITTEN_MS,
  pods: [pod()],
  ...more,
});

test("a change that arrived passes every step", () => {
  const steps = explainRollout(rollout());
  expect(steps.map(({ step, isPassed }) => [step, isPassed])).toEqual(
    ["object", "reconciliation", "configuration", "pods", "in force"].map((step) => [step, true]),
  );
});

const cases: readonly (readonly [string, Partial<Rollout>, string, boolean | undefined, RegExp])[] = [
  ["paused", { workload: workload({ isPaused: true }) }, "object", false, /paused/],
  [
    "a reconciliation that failed",
    { workload: workload({ reconciliation: { isWaiting: true, lastAt: "x", generation: 4, error: "no quota" } }) },
    "reconciliation",
    false,
    /no quota/,
  ],
  [
    "a generation that was not worked off",
    { workload: workload({ generation: 5 }), secret: undefined, pods: [] },
    "reconciliation",
    undefined,
    /a change waits/,
  ],
  ["a Secret that is not there", { secretChangedMs: undefined }, "configuration", false, /no Secret prometheus-main/],
  ["no pods", { pods: [] }, "pods", false, /there are none/],
  [
    "a pod that is not ready",
    { pods: [pod(), pod({ name: "p-1", isReady: false })] },
    "pods",
    false,
    /p-1 is not ready/,
  ],
  ["a rollout under way", { pods: [pod({ isUpdated: false })] }, "pods", undefined, /older template/],
  ["pods that may not be listed", { pods: undefined }, "pods", undefined, /may not be listed/],
  [
    "a server that refuses it",
    { pods: [pod({ loaded: { isLastReloadSuccessful: false, atMs: 0 } })] },
    "in force",
    false,
    /refuses its configuration/,
  ],
  [
    "a server that has not seen it",
    { pods: [pod({ loaded: { isLastReloadSuccessful: true, atMs: WRITTEN_MS - 1001 } })] },
    "in force",
    undefined,
    /still has what it loaded/,
  ],
  ["a server that cannot be asked", { pods: [pod({ loaded: "refused" })] }, "in force", undefined, /refused/],
];

test.each(cases)("%s is where a change stops", (_, more, step, isPassed, found) => {
  const steps = explainRollout(rollout(more));
  expect(steps.find((each) => each.isPassed !== true)).toMatchObject({
    step,
    found: expect.stringMatching(found),
  });
  expect(steps.find((each) => each.step === step)?.isPassed).toBe(isPassed);
});

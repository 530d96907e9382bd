/**
 * How far a change of a workload object has come, and where it got lost: from the object over its reconciliation and the Secret with its
 * configuration to the pods, and to what each server has in force. A pure function of what was read.
 */
import type { WorkloadView } from "../controller/overview.js";
import type { Step } from "./explain.js";

export interface RolloutPod {
  readonly name: string;
  readonly isReady: boolean;
  /** Made from the current template; undefined where that cannot be said. */
  readonly isUpdated: boolean | undefined;
  /** What the server says of its configuration, or why it cannot be asked. */
  readonly loaded: LoadedConfig | string;
}

export interface LoadedConfig {
  readonly isLastReloadSuccessful: boolean;
  /** When what is in force was loaded. */
  readonly atMs: number;
}

export interface Rollout {
  readonly workload: WorkloadView;
  /** Undefined where the kind has none. */
  readonly secret: string | undefined;
  /** When it was written last; undefined if it is not there. */
  readonly secretChangedMs: number | undefined;
  /** Undefined where they may not be listed. */
  readonly pods: readonly RolloutPod[] | undefined;
}

/** The API server notes when a field changed in whole seconds. */
const RESOLUTION_MS = 1000;

const passed = (step: string, found: string): Step => ({ step, isPassed: true, found });
const failed = (step: string, found: string, remedy: string): Step => ({ step, isPassed: false, found, remedy });
const unknown = (step: string, found: string, remedy: string): Step => ({ step, isPassed: undefined, found, remedy });

/** Up to the first step that fails. */
export function explainRollout(rollout: Rollout): readonly Step[] {
  const steps: Step[] = [];
  for (const make of [objectStep, reconciliationStep, secretStep, podStep, loadStep]) {
    const step = make(rollout);
    if (step === undefined) continue;
    steps.push(step);
    if (step.isPassed === false) break;
  }
  return steps;
}

function objectStep({ workload }: Rollout): Step {
  const { isPaused, isBeingDeleted, generation } = workload;
  if (isBeingDeleted) return failed("object", "it is being deleted", "Wait, or look at its finalizers.");
  if (isPaused) return failed("object", "it is paused, so its changes are left alone", "Set spec.paused to false.");
  return passed("object", `the operator knows generation ${generation}`);
}

function reconciliationStep({ workload }: Rollout): Step {
  const { isWaiting, lastAt, generation, error } = workload.reconciliation;
  const step = "reconciliation";
  if (error !== undefined) return failed(step, `the last one failed: ${error}`, "Mend what the reason names.");
  if (lastAt === undefined) return unknown(step, "there was none yet", "Wait some seconds.");
  if (isWaiting || generation !== workload.generation) {
    return unknown(step, `a change waits; the last one ended at ${lastAt}`, "Wait some seconds.");
  }
  return passed(step, `generation ${generation} was worked off at ${lastAt}`);
}

function secretStep({ secret, secretChangedMs }: Rollout): Step | undefined {
  if (secret === undefined) return undefined;
  if (secretChangedMs === undefined) {
    return failed("configuration", `there is no Secret ${secret}`, "Look into the operator's log.");
  }
  return passed("configuration", `Secret ${secret} was written at ${new Date(secretChangedMs).toISOString()}`);
}

function podStep({ workload, pods }: Rollout): Step {
  const missing = workload.sets.find(({ isThere }) => !isThere);
  if (missing !== undefined) {
    return failed("pods", `there is no ${missing.kind} ${missing.name}`, "Look into the operator's log.");
  }
  if (pods === undefined) return unknown("pods", "they may not be listed", "Give the operator the right to list pods.");
  if (pods.length === 0) {
    const wanted = workload.sets.reduce((sum, each) => sum + each.wanted, 0);
    if (wanted === 0) return passed("pods", "none are wanted");
    return failed(
      "pods",
      "there are none",
      "Look at the events of the StatefulSet: quota, admission, service account.",
    );
  }
  const broken = pods.find(({ isReady }) => !isReady);
  if (broken !== undefined) {
    return failed(
      "pods",
      `${broken.name} is not ready`,
      `kubectl describe pod ${broken.name}; kubectl logs ${broken.name}`,
    );
  }
  const old = pods.find(({ isUpdated }) => isUpdated === false);
  if (old !== undefined) return unknown("pods", `${old.name} is of an older template`, "Wait for the rollout.");
  return passed("pods", `${pods.length} ready`);
}

function loadStep({ secret, secretChangedMs = 0, pods = [] }: Rollout): Step | undefined {
  if (secret === undefined || pods.length === 0) return undefined;
  const step = "in force";
  for (const { name, loaded } of pods) {
    if (typeof loaded === "string")
      return unknown(step, `${name} could not be asked: ${loaded}`, "Look at its network policy.");
    if (!loaded.isLastReloadSuccessful) {
      return failed(step, `${name} refuses its configuration and goes on with the one before`, `kubectl logs ${name}`);
    }
    if (loaded.atMs + RESOLUTION_MS < secretChangedMs) {
      const at = new Date(loaded.atMs).toISOString();
      return unknown(
        step,
        `${name} still has what it loaded at ${at}`,
        "The kubelet brings a Secret's content within two minutes.",
      );
    }
  }
  return passed(step, `all of ${pods.length} pod(s) have loaded it`);
}

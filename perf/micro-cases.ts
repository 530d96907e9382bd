/** The cases of the micro-benchmarks; each is made (and its data with it) only when it is run. */
import type { MicroCase } from "./micro.js";

export const cases: readonly (() => MicroCase)[] = [];

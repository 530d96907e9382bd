import { expect, test } from "vitest";
import { fuzzExposition } from "./exposition.js";

test("mutated expositions: every path, both kernels and the twin agree", () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 20250101);
  const budgetMs = Number(process.env["FUZZ_MS"] ?? 4000);
  const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 1_000_000);
  expect(fuzzExposition({ seed, rounds, budgetMs })).toBeGreaterThan(0);
});

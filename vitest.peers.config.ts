import { defineConfig } from "vitest/config";

/** Tests that ask the real Prometheus; `PEERS` names the folder that has its binaries in `bin/`. */
export default defineConfig({
  test: {
    include: ["test/peers/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
});

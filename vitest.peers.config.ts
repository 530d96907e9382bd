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
    // Two servers scrape the same moving targets at different moments on a busy machine: one run may catch a change between
    // them. A defect fails twice.
    retry: 1,
  },
});

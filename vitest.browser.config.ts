import { defineConfig } from "vitest/config";

/** The pages in a real browser; `CHROMIUM` names its executable where it is not `/usr/bin/chromium`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    // As vitest.config.ts.
    retry: process.env["CI"] === undefined ? 0 : 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
});

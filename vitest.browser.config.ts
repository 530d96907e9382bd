import { defineConfig } from "vitest/config";

/** The pages in a real browser; `CHROMIUM` names its executable where it is not `/usr/bin/chromium`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
});

import { defineConfig } from "vitest/config";

/** The fast suite: everything that needs neither a real peer nor minutes. `vitest.peers.config.ts` and `vitest.browser.config.ts` have the rest. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "web/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/peers/**", "test/browser/**", "node_modules/**", "dist/**"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["test/support/seed.ts"],
  },
});

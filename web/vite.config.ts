import { join } from "node:path";
import { defineConfig } from "vite";

/** Assets are found relative to the page's `<base>`, which the server fills in: any prefix works. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["index.html", "alertmanager.html"].map((name) => join(import.meta.dirname, name)),
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});

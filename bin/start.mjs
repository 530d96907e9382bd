#!/usr/bin/env node
/** `npm start`: prepares the checkout, then runs the server with its embedded default configuration. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

await import("./prepare.mjs");
const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.argv = [process.argv[0], join(root, "bin", "vestal"), "server", ...process.argv.slice(2)];
const { main } = await import("../dist/src/cli/main.js");
await main(process.argv.slice(2));

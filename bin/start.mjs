#!/usr/bin/env node
/** `npm start [-- FLAGS]`: prepares the checkout, then runs the server with its embedded default configuration. */
await import("./prepare.mjs");
const { startDefault } = await import("../dist/src/cli/start.js");
await startDefault(process.argv.slice(2));

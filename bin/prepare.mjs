#!/usr/bin/env node
/**
 * Makes a checkout runnable: installs the locked dependencies if they are missing or of another lock file, and builds
 * TypeScript and AssemblyScript where a source changed since the last build. Uses nothing but Node.js itself.
 *
 *   node bin/prepare.mjs [--tests] [--quiet]     --tests also builds the debug kernels that the tests compare with
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { preflight } from "./preflight.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const withTests = process.argv.includes("--tests");
const quiet = process.argv.includes("--quiet");

function say(text) {
  if (!quiet) process.stderr.write(`${text}\n`);
}

/** Runs a command in the project's root and ends with its exit code if it fails. */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", quiet ? "ignore" : 2, 2] });
  if (result.error) {
    process.stderr.write(`vestal: cannot run ${command}: ${result.error.message}\n`);
    process.exit(1);
  }
  if (result.status !== 0) {
    process.stderr.write(`vestal: \`${command} ${args.join(" ")}\` failed; the lines above say why\n`);
    process.exit(result.status ?? 1);
  }
}

function filesBelow(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(folder, name));
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** Calls `build` if the hash of `files` differs from the one stored in `stampFile`, then stores it. */
function whenStale(stampFile, files, build) {
  const hash = hashOf(files);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash) return;
  rmSync(stampFile, { force: true });
  build();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, hash);
}

function installDependencies() {
  const lock = join(root, "package-lock.json");
  whenStale(join(root, "node_modules", ".vestal-lock"), [lock], () => {
    // npm empties the folder behind a link before it replaces the link: that may be another checkout's.
    if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
      process.stderr.write("vestal: node_modules is a link, and what it leads to is of another package-lock.json\n");
      process.exit(1);
    }
    say("vestal: installing the locked dependencies (once, about a minute)");
    run("npm", ["ci", "--no-audit", "--no-fund", "--include=dev"]);
  });
}

function buildKernels() {
  const sources = [
    ...filesBelow(join(root, "assembly"), ".ts"),
    join(root, "asconfig.json"),
    join(root, "package.json"),
  ];
  const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  for (const kernel of ["ingest", "query"]) {
    for (const target of withTests ? [kernel, `${kernel}-debug`] : [kernel]) {
      whenStale(join(root, "dist", "wasm", `.${target}.stamp`), sources, () => {
        say(`vestal: building the ${target} kernels`);
        run(process.execPath, [asc, `assembly/${kernel}.ts`, "--config", "asconfig.json", "--target", target]);
      });
    }
  }
}

function buildProgram() {
  const sources = [
    ...["src", "workers", "perf", "test"].flatMap((folder) => filesBelow(join(root, folder), ".ts")),
    ...filesBelow(join(root, "assembly"), "layout.ts"),
    join(root, "tsconfig.json"),
    join(root, "tsconfig.build.json"),
    join(root, "bin", "bundle.mjs"),
    join(root, "package.json"),
  ].filter((file) => !file.endsWith(".test.ts"));
  whenStale(join(root, "dist", ".program.stamp"), sources, () => {
    say("vestal: compiling the program");
    for (const folder of ["src", "workers", "perf", "test", "assembly"]) {
      rmSync(join(root, "dist", folder), { recursive: true, force: true });
    }
    run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
    run(process.execPath, [join(root, "bin", "bundle.mjs")]);
  });
}

/** Assets are gzipped once here, not at each request. */
function buildWeb() {
  const sources = [
    ...[".ts", ".tsx", ".css", ".html", ".json"].flatMap((suffix) => filesBelow(join(root, "web"), suffix)),
    join(root, "package-lock.json"),
  ];
  whenStale(join(root, "dist", ".web.stamp"), sources, () => {
    say("vestal: building the user interface");
    run(process.execPath, [join(root, "node_modules", "vite", "bin", "vite.js"), "build", "web", "--logLevel", "warn"]);
    for (const file of filesBelow(join(root, "dist", "web", "assets"), "")) {
      const bytes = readFileSync(file);
      const zipped = gzipSync(bytes, { level: 9 });
      if (zipped.length < bytes.length) writeFileSync(`${file}.gz`, zipped);
    }
  });
}

preflight();
installDependencies();
buildKernels();
buildProgram();
buildWeb();

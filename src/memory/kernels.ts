/** Loads and starts the WebAssembly kernels. Each module types the exports that it calls, by hand, in its `kernels.ts`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { instantiateSync } from "@assemblyscript/loader";
import { LAYOUT_VERSION } from "../../assembly/layout.js";
import { AssertionError, packageRoot } from "../base/index.js";

export type KernelSet = "ingest" | "query";
export type KernelVariant = "release" | "debug";

/** Compiles a kernel set once; the module may be posted to workers. */
export function compileKernels(set: KernelSet, variant: KernelVariant = "release"): WebAssembly.Module {
  const file = variant === "release" ? `${set}.wasm` : `${set}.debug.wasm`;
  return new WebAssembly.Module(readFileSync(join(packageRoot(), "dist", "wasm", file)));
}

/**
 * An instance over `memory`. Starting one writes its constant tables to the range that the memory map reserves for them.
 *
 * @typeParam T  the hand-written type of the exports the caller uses; addresses come back signed: use `>>> 0`.
 */
export function startKernels<T>(module: WebAssembly.Module, memory: WebAssembly.Memory): T {
  const imports = { env: { memory, abort: onAbort } };
  // The loader's types ask for the DOM's WebAssembly; ours are the same objects.
  const { exports } = instantiateSync(module as never, imports as never);
  const version = (exports as unknown as { layoutVersion(): number }).layoutVersion();
  if (version !== LAYOUT_VERSION) {
    throw new AssertionError(`kernels of layout ${version} do not fit layout ${LAYOUT_VERSION}; run \`npm run build\``);
  }
  return exports as unknown as T;
}

/** Only debug builds abort: an assertion in a kernel failed. */
function onAbort(_message: number, _file: number, line: number, column: number): never {
  throw new AssertionError(`a kernel's assertion failed at line ${line}, column ${column}`);
}

/** The files of the machine, for file discovery. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { errorMessage, type Logger } from "../base/index.js";
import { diskFiles } from "../config/index.js";
import type { DiscoveryFiles } from "./file.js";

export function diskDiscoveryFiles(log: Logger): DiscoveryFiles {
  return {
    ...diskFiles,
    modifiedSeconds: (path) => statSync(path).mtimeMs / 1000,
    watch: (folder, onChange) => {
      let watcher: FSWatcher;
      try {
        watcher = watch(folder, { persistent: false }, onChange);
      } catch (error) {
        // The folder is missing or watches have run out: the refresh interval finds what changes.
        log.warn("Cannot watch folder", { discovery: "file", folder, err: errorMessage(error) });
        return undefined;
      }
      watcher.on("error", (error) => log.error("Error watching file", { discovery: "file", folder, err: error }));
      return () => watcher.close();
    },
  };
}

/** Paths in a configuration: relative to the folder of the file that names them, and with a star in the last part. */
import { readdirSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errorCode } from "../base/index.js";
import { globMatcher } from "./glob.js";

/** What a configuration reads; a test hands over its own. */
export interface ConfigFiles {
  readText(path: string): string;
  /** Names in a folder; none where it does not exist. */
  list(folder: string): readonly string[];
}

export const diskFiles: ConfigFiles = {
  readText: (path) => readFileSync(path, "utf8"),
  list: (folder) => {
    try {
      return readdirSync(folder);
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return [];
      throw error;
    }
  },
};

/** `path` seen from `folder`; an absolute or empty one stays as it is. */
export function joinFolder(folder: string, path: string): string {
  return path === "" || isAbsolute(path) ? path : join(folder, path);
}

/** The files that match `pattern`, sorted, as Go's filepath.Glob: a star or bracket in any part, never across a slash. */
export function expandGlob(pattern: string, files: Pick<ConfigFiles, "list">): readonly string[] {
  if (!/[*?[\\]/.test(pattern)) {
    const slash = pattern.lastIndexOf("/");
    const names = files.list(slash < 0 ? "." : pattern.slice(0, slash) || "/");
    return names.includes(pattern.slice(slash + 1)) ? [pattern] : [];
  }
  const slash = pattern.lastIndexOf("/");
  const name = globMatcher(pattern.slice(slash + 1));
  const folders = slash < 0 ? [""] : slash === 0 ? ["/"] : foldersOf(pattern.slice(0, slash), files);
  return folders.flatMap((folder) =>
    files
      .list(folder === "" ? "." : folder)
      .filter((entry) => name(entry))
      .sort()
      .map((entry) => (folder === "" || folder === "/" ? folder + entry : `${folder}/${entry}`)),
  );
}

function foldersOf(pattern: string, files: Pick<ConfigFiles, "list">): readonly string[] {
  return /[*?[\\]/.test(pattern) ? expandGlob(pattern, files) : [pattern];
}

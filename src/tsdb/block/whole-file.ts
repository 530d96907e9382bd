/** Small files read and replaced as a whole. */
import { dirname } from "node:path";
import { CorruptionError, errorCode, type Files } from "../../base/index.js";
import { FileWriter } from "./file-writer.js";

/** @throws CorruptionError FILE_SIZE if it is larger than `bytesMax`; system errors. */
export function readWhole(files: Files, path: string, bytesMax: number): Uint8Array {
  const { bytes: size } = files.stat(path);
  if (size > bytesMax) throw new CorruptionError("FILE_SIZE", `${path} has ${size} bytes, more than ${bytesMax}`);
  const descriptor = files.open(path, "r");
  try {
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const read = files.pread(descriptor, bytes.subarray(length), length);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    files.close(descriptor);
  }
}

/** Writes beside the file, syncs, and renames over it: a crash leaves the old one or the new one. */
export function writeWhole(files: Files, path: string, bytes: Uint8Array): void {
  const aside = `${path}.tmp`;
  const writer = new FileWriter(files, aside);
  try {
    writer.write(bytes);
    writer.finish();
  } finally {
    writer.close();
  }
  files.rename(aside, path);
  files.fsyncDir(dirname(path));
}

/** Removes a file or a folder with all that is in it; one that is not there is fine. */
export function removeTree(files: Files, path: string): void {
  try {
    if (files.stat(path).isDirectory) {
      for (const name of files.readdir(path)) removeTree(files, `${path}/${name}`);
      files.rmdir(path);
    } else {
      files.unlink(path);
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** Bytes of all files in a folder and below it; 0 if it is not there. Files that go meanwhile do not count. */
export function treeBytes(files: Files, path: string): number {
  try {
    const { bytes, isDirectory } = files.stat(path);
    if (!isDirectory) return bytes;
    return files.readdir(path).reduce((sum, name) => sum + treeBytes(files, `${path}/${name}`), 0);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0;
    throw error;
  }
}

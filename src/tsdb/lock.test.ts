import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Logger, silentLogger } from "../base/index.js";
import { lockDirectory } from "./lock.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vestal-lock-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function warningsInto(list: string[]): Logger {
  return { ...silentLogger, warn: (message) => list.push(message) };
}

describe("the lock of a data directory", () => {
  it("is held until it is released, and a second one is refused with Prometheus' words", () => {
    const lock = lockDirectory(dir, { logger: silentLogger });
    expect(lock.wasUnclean).toBe(false);
    expect(() => lockDirectory(dir, { logger: silentLogger })).toThrow(
      expect.objectContaining({
        code: "DIRECTORY_LOCKED",
        message: expect.stringContaining("lock DB directory: resource temporarily unavailable"),
      }),
    );
    expect(spawnSync("flock", ["-n", join(dir, "lock"), "true"]).status).toBe(1);
    lock.release();
    expect(existsSync(join(dir, "lock"))).toBe(false);
    lockDirectory(dir, { logger: silentLogger }).release();
  });

  it("tells that the last run did not end by itself", () => {
    writeFileSync(join(dir, "lock"), "");
    const lock = lockDirectory(dir, { logger: silentLogger });
    expect(lock.wasUnclean).toBe(true);
    lock.release();
  });

  it("looks at the kernel's list where the program is missing, and warns", () => {
    const warnings: string[] = [];
    const options = { logger: warningsInto(warnings), program: "/nowhere/flock" };
    lockDirectory(dir, options).release();
    expect(warnings).toHaveLength(1);

    const held = lockDirectory(dir, { logger: silentLogger });
    expect(() => lockDirectory(dir, options)).toThrow(
      expect.objectContaining({
        code: "DIRECTORY_LOCKED",
        details: expect.objectContaining({ file: join(dir, "lock") }),
      }),
    );
    held.release();
  });

  it("is not taken for held by a lock on another file, or of another kind", () => {
    const descriptor = openSync(join(dir, "lock"), "w");
    const { ino } = statSync(join(dir, "lock"));
    closeSync(descriptor);
    const locksFile = join(dir, "locks");
    writeFileSync(
      locksFile,
      `1: POSIX  ADVISORY  WRITE 1 fe:01:${ino} 0 EOF\n2: FLOCK  ADVISORY  WRITE 2 fe:01:${ino + 1} 0 EOF\n2: -> FLOCK\n\n`,
    );
    lockDirectory(dir, { logger: silentLogger, program: "/nowhere/flock", locksFile }).release();
  });

  it("says what is wrong when the program fails otherwise", () => {
    expect(() => lockDirectory(dir, { logger: silentLogger, program: "/bin/cat" })).toThrow(
      expect.objectContaining({ code: "DIRECTORY_LOCK", message: expect.stringContaining("/bin/cat") }),
    );
  });
});

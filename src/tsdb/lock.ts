/**
 * The data directory's `lock` file, by flock(2) as Prometheus takes it, so that neither program starts on a directory that
 * the other uses. Node.js has no flock: util-linux's `flock` takes the lock on a descriptor that it inherits, and the lock
 * belongs to the open file behind it, which stays ours. Where the program is missing, /proc/locks shows who holds it.
 */
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { errorCode, type Logger, systemReason, VestalError } from "../base/index.js";

export interface DirectoryLock {
  /** The file was there already: the last run did not end by itself (`prometheus_tsdb_clean_start` is 0 then). */
  readonly wasUnclean: boolean;
  /** Removes the file and gives the lock back. */
  release(): void;
}

export interface LockOptions {
  readonly logger: Logger;
  /** The program that takes the lock; an absolute path, or a name looked for in PATH. */
  readonly program?: string;
  /** The kernel's list of locks. */
  readonly locksFile?: string;
}

const PROGRAM_TIMEOUT_MS = 10_000;

/**
 * Locks `dir`, which exists.
 * @throws VestalError DIRECTORY_LOCKED if another process holds it, DIRECTORY_LOCK if that cannot be found out.
 */
export function lockDirectory(dir: string, options: LockOptions): DirectoryLock {
  const file = join(dir, "lock");
  for (;;) {
    const { descriptor, wasUnclean } = openLock(file);
    try {
      takeLock(descriptor, file, options);
      // Whoever held it before may have removed the file in between: then the lock is on a file that has no name.
      if (isStillAt(descriptor, file)) return { wasUnclean, release: () => releaseLock(descriptor, file) };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    closeSync(descriptor);
  }
}

function releaseLock(descriptor: number, file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error; // a person removed it
  } finally {
    closeSync(descriptor);
  }
}

function isStillAt(descriptor: number, file: string): boolean {
  const named = statSync(file, { throwIfNoEntry: false });
  return named !== undefined && named.ino === fstatSync(descriptor).ino;
}

function openLock(file: string): { descriptor: number; wasUnclean: boolean } {
  try {
    return { descriptor: openSync(file, "wx+", 0o644), wasUnclean: false };
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw cannotOpen(file, error);
  }
  try {
    return { descriptor: openSync(file, "r+"), wasUnclean: true };
  } catch (error) {
    throw cannotOpen(file, error);
  }
}

function cannotOpen(file: string, error: unknown): VestalError {
  const message = `lock DB directory: open ${file}: ${systemReason(error)}; the server must be able to write there`;
  return new VestalError("DIRECTORY_LOCK", message, { file, code: errorCode(error) }, error);
}

function takeLock(descriptor: number, file: string, options: LockOptions): void {
  const program = options.program ?? "flock";
  const { status, signal, error, stderr } = spawnSync(program, ["-n", "-x", "3"], {
    stdio: ["ignore", "ignore", "pipe", descriptor],
    timeout: PROGRAM_TIMEOUT_MS,
    encoding: "utf8",
  });
  if (errorCode(error) === "ENOENT") {
    lookForLock(descriptor, file, options);
    return;
  }
  if (status === 0) return;
  if (status === 1 && stderr === "") throw locked(file, holderOf(descriptor, options));
  const reason = error?.message ?? (signal === null ? `exit code ${status}: ${stderr.trim()}` : `ended by ${signal}`);
  throw new VestalError("DIRECTORY_LOCK", `lock DB directory: \`${program}\` cannot lock ${file}: ${reason}`, { file });
}

/** Without the program nobody can take the lock for us; at least no start on a directory that somebody has locked. */
function lookForLock(descriptor: number, file: string, options: LockOptions): void {
  const holder = holderOf(descriptor, options);
  if (holder !== undefined) throw locked(file, holder);
  options.logger.warn(
    "The data directory is not locked, because the program flock is missing: start nothing else on it",
    {
      file,
      remedy: "install util-linux, or start with --storage.tsdb.no-lockfile",
    },
  );
}

function locked(file: string, holder: number | undefined): VestalError {
  const who = holder === undefined ? "another process" : `process ${holder}`;
  return new VestalError(
    "DIRECTORY_LOCKED",
    `lock DB directory: resource temporarily unavailable: ${who} holds ${file}; end it, or use another directory`,
    { file, holder },
  );
}

/**
 * Process that holds a flock on the open file, if the kernel's list tells: `1: FLOCK ADVISORY WRITE 4711 08:01:131 0 EOF`,
 * with the device's major and minor number in hexadecimal and the inode.
 */
function holderOf(descriptor: number, options: LockOptions): number | undefined {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const major = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n));
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n));
  for (const line of readLocks(options.locksFile ?? "/proc/locks")) {
    const [, kind, , , pid, where = ""] = line.trim().split(/\s+/);
    const [lineMajor, lineMinor, inode] = where.split(":");
    if (kind !== "FLOCK" || inode !== String(ino)) continue;
    const sameDevice = Number.parseInt(lineMajor ?? "", 16) === major && Number.parseInt(lineMinor ?? "", 16) === minor;
    // Overlay and btrfs report another anonymous device (major 0) to fstat than the kernel lists.
    const bothAnonymous = major === 0 && Number.parseInt(lineMajor ?? "", 16) === 0;
    if (sameDevice || bothAnonymous) return Number(pid);
  }
  return undefined;
}

function readLocks(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "EACCES") return [];
    throw error;
  }
}

/**
 * File discovery: target groups from JSON and YAML files that match patterns. Files are read again when something in
 * their folders changes and at each refresh interval. A file that cannot be read keeps its last good groups; a file
 * that is gone loses them.
 */
import { errorMessage, type Logger, type Timers } from "../base/index.js";
import { type ConfigFiles, expandGlob, type FileDiscoveryConfig } from "../config/index.js";
import type { Discovery } from "./discovery.js";
import { readGroups } from "./group-file.js";
import type { TargetGroup } from "./messages.js";

export interface DiscoveryFiles extends ConfigFiles {
  /** Seconds since the epoch. */
  modifiedSeconds(path: string): number;
  /** Calls back on any change in `folder`, until closed; undefined where the folder cannot be watched. */
  watch(folder: string, onChange: () => void): (() => void) | undefined;
}

/** A burst of events of one change ends within this time; reading sooner would meet half-written files. */
const SETTLE_MS = 50;

export interface FileDiscoveryStats {
  readonly readErrors: number;
  /** Modification time of each file, in seconds. */
  readonly timestamps: ReadonlyMap<string, number>;
}

export class FileDiscovery implements Discovery {
  readonly #config: FileDiscoveryConfig;
  readonly #files: DiscoveryFiles;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #onGroups: (groups: readonly TargetGroup[]) => void;
  readonly #byFile = new Map<string, readonly TargetGroup[]>();
  readonly #timestamps = new Map<string, number>();
  readonly #watches = new Map<string, () => void>();
  #readErrors = 0;
  #stopInterval: (() => void) | undefined;
  #stopSettling: (() => void) | undefined;

  constructor(
    config: FileDiscoveryConfig,
    deps: { readonly files: DiscoveryFiles; readonly timers: Timers; readonly log: Logger },
    onGroups: (groups: readonly TargetGroup[]) => void,
  ) {
    this.#config = config;
    this.#files = deps.files;
    this.#timers = deps.timers;
    this.#log = deps.log;
    this.#onGroups = onGroups;
  }

  get groups(): readonly TargetGroup[] {
    return [...this.#byFile.values()].flat();
  }

  get stats(): FileDiscoveryStats {
    return { readErrors: this.#readErrors, timestamps: this.#timestamps };
  }

  /** Reads once, before it returns, and goes on by itself until `close`. */
  start(): void {
    this.refresh();
    this.#stopInterval = this.#timers.every(Math.max(this.#config.refreshIntervalMs, 1000), () => this.refresh());
  }

  close(): void {
    this.#stopInterval?.();
    this.#stopSettling?.();
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
  }

  /** Reads all files again and reports what changed: new groups, and empty ones for those that are gone. */
  refresh(): void {
    // Watching first: what changes while reading is read again.
    this.#watchFolders();
    const changed: TargetGroup[] = [];
    const found = new Set(this.#config.files.flatMap((pattern) => expandGlob(pattern, this.#files)));
    for (const file of found) changed.push(...this.#refreshFile(file));
    for (const [file, groups] of this.#byFile) {
      if (found.has(file)) continue;
      this.#byFile.delete(file);
      this.#timestamps.delete(file);
      changed.push(...groups.map((group) => ({ ...group, targets: [] })));
    }
    if (changed.length > 0) this.#onGroups(changed);
  }

  #refreshFile(file: string): readonly TargetGroup[] {
    let groups: readonly TargetGroup[];
    try {
      groups = readGroups(file, this.#files.readText(file));
      this.#timestamps.set(file, this.#files.modifiedSeconds(file));
    } catch (error) {
      // The file may be half written, or its author mistaken: both pass.
      this.#readErrors++;
      this.#log.error("Error reading file", { discovery: "file", path: file, err: errorMessage(error) });
      return [];
    }
    const before = this.#byFile.get(file) ?? [];
    this.#byFile.set(file, groups);
    const gone = before.slice(groups.length).map((group) => ({ ...group, targets: [] }));
    const fresh = groups.filter((group, i) => JSON.stringify(group) !== JSON.stringify(before[i]));
    return [...fresh, ...gone];
  }

  #watchFolders(): void {
    for (const pattern of this.#config.files) {
      const slash = pattern.lastIndexOf("/");
      const folder = slash < 0 ? "." : slash === 0 ? "/" : pattern.slice(0, slash);
      if (this.#watches.has(folder)) continue;
      const stop = this.#files.watch(folder, () => this.#onChange());
      if (stop !== undefined) this.#watches.set(folder, stop);
    }
  }

  #onChange(): void {
    this.#stopSettling?.();
    this.#stopSettling = this.#timers.after(SETTLE_MS, () => this.refresh());
  }
}

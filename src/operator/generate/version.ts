/** Semantic versions as components print them: `v2.45.0`, `3.0.0-rc.1`, `2.45`. */
import { invalid } from "./invalid.js";

const FORM = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

export class Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly #pre: readonly string[];
  readonly #build: string;

  constructor(major: number, minor: number, patch: number, pre: readonly string[] = [], build = "") {
    this.major = major;
    this.minor = minor;
    this.patch = patch;
    this.#pre = pre;
    this.#build = build;
  }

  static parse(text: string): Version {
    const match = FORM.exec(text.trim());
    if (match === null) return invalid(`"${text}" is no version; expected a form such as 3.5.0`);
    const [, major, minor, patch, pre, build] = match;
    const identifiers = pre?.split(".") ?? [];
    if (identifiers.some((part) => part === "" || /^0\d+$/.test(part))) {
      return invalid(`"${text}" is no version; parts of a pre-release must not be empty or begin with 0`);
    }
    return new Version(Number(major), Number(minor ?? 0), Number(patch ?? 0), identifiers, build ?? "");
  }

  isAtLeast(text: string): boolean {
    return this.compare(cached(text)) >= 0;
  }

  isBelow(text: string): boolean {
    return !this.isAtLeast(text);
  }

  compare(other: Version): number {
    return (
      this.major - other.major ||
      this.minor - other.minor ||
      this.patch - other.patch ||
      comparePre(this.#pre, other.#pre)
    );
  }

  toString(): string {
    const pre = this.#pre.length > 0 ? `-${this.#pre.join(".")}` : "";
    const build = this.#build === "" ? "" : `+${this.#build}`;
    return `${this.major}.${this.minor}.${this.patch}${pre}${build}`;
  }
}

const known = new Map<string, Version>();

function cached(text: string): Version {
  let version = known.get(text);
  if (version === undefined) {
    version = Version.parse(text);
    known.set(text, version);
  }
  return version;
}

/** A version without pre-release comes after the same one with it. */
function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = compareIdentifier(a[i], b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifier(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const isNumberA = /^\d+$/.test(a);
  const isNumberB = /^\d+$/.test(b);
  if (isNumberA && isNumberB) return Number(a) - Number(b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Answers whether the component knows a field. */
export class VersionGate {
  readonly version: Version;
  /** Takes every field for known, as for a component that is not of that project. */
  readonly isOpen: boolean;

  constructor(version: Version, isOpen = false) {
    this.version = version;
    this.isOpen = isOpen;
  }

  allows(minimum: string): boolean {
    return this.isOpen || this.version.isAtLeast(minimum);
  }

  /** The value, if the component has known its field since `minimum` or longer. */
  since<T>(minimum: string, value: T): T | undefined {
    return this.allows(minimum) ? value : undefined;
  }

  /** The value, if the component still knew its field before `limit`. */
  before<T>(limit: string, value: T): T | undefined {
    return this.isOpen || this.version.isBelow(limit) ? value : undefined;
  }
}

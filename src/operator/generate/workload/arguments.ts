/** Command lines of containers. */
import { invalid } from "../invalid.js";
import type { VersionGate } from "../version.js";

export interface Argument {
  readonly name?: string;
  readonly value?: string;
}

/** Arguments in their order; those that the version does not know are left out. */
export class ArgumentList {
  readonly #gate: VersionGate;
  readonly #arguments: Argument[] = [];

  constructor(gate: VersionGate) {
    this.#gate = gate;
  }

  add(name: string, value = ""): this {
    this.#arguments.push({ name, value });
    return this;
  }

  /** Adds it if there is a value to give. */
  addIfSet(name: string, value: string | number | undefined, since?: string): this {
    const isKnown = since === undefined || this.#gate.allows(since);
    return value === undefined || value === "" || !isKnown ? this : this.add(name, String(value));
  }

  addIf(condition: boolean | undefined, name: string, since?: string): this {
    return condition === true && (since === undefined || this.#gate.allows(since)) ? this.add(name) : this;
  }

  has(name: string): boolean {
    return this.#arguments.some((argument) => isSame(argument.name ?? "", name));
  }

  /**
   * With the arguments of a user behind.
   * @throws InvalidConfigurationError if one of those is set by the operator.
   */
  build(additional: readonly Argument[] | undefined): string[] {
    const taken = (additional ?? []).map(({ name = "" }) => name).filter((name) => this.has(name));
    if (taken.length > 0) invalid(`additionalArgs: the operator sets ${taken.join(", ")} itself`);
    return [...this.#arguments, ...(additional ?? [])].map(({ name = "", value = "" }) =>
      value === "" ? `--${name}` : `--${name}=${value}`,
    );
  }
}

/** A flag and its negation are one. */
export function isSame(a: string, b: string): boolean {
  return a === b || a === `no-${b}` || b === `no-${a}`;
}

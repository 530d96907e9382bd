/**
 * What the log was last told of a series beside its samples: type, unit, help. Kept by the shard's thread so that the log
 * gets a record only where something changes.
 */
import type { MetricType, SeriesMetadata } from "../../model/index.js";

interface Entry {
  readonly generation: number;
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
}

/** Of different texts kept once, however many series have them. */
const TEXTS_MAX = 65_536;

export class MetadataStore {
  readonly #entries = new Map<number, Entry>();
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#entries.size;
  }

  /** @param generation  of the slot now: what an earlier series of the slot had does not count. */
  get(slot: number, generation: number): SeriesMetadata | undefined {
    const entry = this.#entries.get(slot);
    return entry?.generation === generation ? entry : undefined;
  }

  isNew(slot: number, generation: number, { type, unit, help }: SeriesMetadata): boolean {
    const known = this.get(slot, generation);
    return known === undefined || known.type !== type || known.unit !== unit || known.help !== help;
  }

  set(slot: number, generation: number, { type, unit, help }: SeriesMetadata): void {
    this.#entries.set(slot, { generation, type, unit: this.#shared(unit), help: this.#shared(help) });
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}

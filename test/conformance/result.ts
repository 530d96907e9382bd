/** What a conformance area reports: each file of reference data, and which of its cases went wrong. */
export interface FileResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One text a failed case: which, what was expected, what came. */
  readonly failures: readonly string[];
}

export interface AreaResult {
  readonly files: readonly FileResult[];
}

/** Counts cases of one file. */
export class FileTally {
  readonly #name: string;
  readonly #failures: string[] = [];
  #passed = 0;
  #skipped = 0;

  constructor(name: string) {
    this.#name = name;
  }

  pass(): void {
    this.#passed++;
  }

  skip(): void {
    this.#skipped++;
  }

  fail(description: string): void {
    this.#failures.push(description);
  }

  result(): FileResult {
    return {
      name: this.#name,
      passed: this.#passed,
      failed: this.#failures.length,
      skipped: this.#skipped,
      failures: this.#failures,
    };
  }
}

/** Passwords against hashes of bcrypt. One check takes a tenth of a second of a core, so a thread of its own does it. */
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { errorMessage, packageRoot, SMALL_YOUNG_GENERATION, VestalError } from "../base/index.js";

/** Verdicts that are kept: as many as the exporter toolkit keeps. */
const VERDICTS_MAX = 100;
/** Checks that wait; each is 0.1 s. */
const WAITING_MAX = 200;
/** A thread that nobody needs ends. */
const IDLE_MS = 60_000;
/** Compared with where a user is unknown, so that the time of the answer tells nothing: of "fakepassword". */
const HASH_OF_NOBODY = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface PasswordAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

export class Passwords {
  /** So that what is kept in memory is neither a password nor its plain hash. */
  readonly #key = randomBytes(32);
  readonly #verdicts = new Map<string, boolean>();
  readonly #waiting = new Map<number, { resolve: (isRight: boolean) => void; reject: (error: Error) => void }>();
  #worker: Worker | undefined;
  #nextId = 1;
  #idle: NodeJS.Timeout | undefined;

  /** @throws VestalError PASSWORDS where too many wait, or the thread ended. */
  async isRight(users: ReadonlyMap<string, string>, user: string, password: string): Promise<boolean> {
    const known = users.get(user);
    const hash = known ?? HASH_OF_NOBODY;
    const key = this.#verdictKey(user, hash, password);
    const kept = this.#verdicts.get(key);
    if (kept !== undefined) return kept && known !== undefined;
    const isRight = (await this.#compare(password, hash)) && known !== undefined;
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.delete(this.#verdicts.keys().next().value!);
    this.#verdicts.set(key, isRight);
    return isRight;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  /** Each part with its length before it: no two triples give the same bytes. */
  #verdictKey(...parts: readonly string[]): string {
    const hmac = createHmac("sha256", this.#key);
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    return hmac.digest("base64");
  }

  #compare(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(new VestalError("PASSWORDS", "too many passwords wait to be checked"));
    }
    const id = this.#nextId++;
    const worker = this.#started();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, password, hash } satisfies PasswordQuestion);
    });
  }

  #started(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(join(packageRoot(), "dist", "workers", "passwords.js"), {
      resourceLimits: SMALL_YOUNG_GENERATION,
    });
    worker.unref();
    worker.on("message", ({ id, isRight }: PasswordAnswer) => {
      this.#waiting.get(id)?.resolve(isRight);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#restSoon(worker);
    });
    worker.on("error", (error) => this.#lost(worker, errorMessage(error)));
    worker.on("exit", (code) => this.#lost(worker, `it ended with code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #restSoon(worker: Worker): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#worker === worker) this.#worker = undefined;
      void worker.terminate();
    }, IDLE_MS);
    this.#idle.unref();
  }

  /** The next check starts another thread. */
  #lost(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) {
      reject(new VestalError("PASSWORDS", `the thread that checks passwords ended: ${reason}`));
    }
    this.#waiting.clear();
  }
}

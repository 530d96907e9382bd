/**
 * Who waits for a query thread, and whose turn is next. Three classes take turns: rules, live queries, and clients of the
 * API; within a class its clients do. So one dashboard with a hundred panels does not make everybody else wait for all of
 * them, and rules are evaluated whatever the API is asked.
 */

import type { RequestSignal } from "../../api/index.js";

export type QueueClass = "rules" | "live" | "api";

/** Told its turn, or that it need not wait any longer. */
type Waiting = (isTurn: boolean) => void;

const CLASSES: readonly QueueClass[] = ["rules", "live", "api"];

export class FairQueue {
  readonly #width: number;
  #active = 0;
  #waiting = 0;
  /** The class that is looked at first. */
  #turn = 0;
  /** Of each class its clients in the order of their turns: a map keeps the order in which keys were added. */
  readonly #classes = new Map<QueueClass, Map<string, Waiting[]>>(CLASSES.map((name) => [name, new Map()]));

  /** @param width  how many run at a time */
  constructor(width: number) {
    this.#width = width;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place, which `leave` gives back, if one is free. */
  tryEnter(): boolean {
    if (this.#active >= this.#width) return false;
    this.#active++;
    return true;
  }

  /**
   * Waits for a place, which `leave` gives back.
   *
   * @returns false if `signal` was aborted first: there is no place then
   */
  async enter(queueClass: QueueClass, client: string, signal: RequestSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.tryEnter()) return true;
    const clients = this.#classes.get(queueClass)!;
    const own = clients.get(client) ?? [];
    clients.set(client, own);
    this.#waiting++;
    return new Promise((resolve) => {
      const tell: Waiting = (isTurn) => {
        this.#waiting--;
        signal.removeEventListener("abort", giveUp);
        resolve(isTurn);
      };
      const giveUp = (): void => {
        own.splice(own.indexOf(tell), 1);
        if (own.length === 0) clients.delete(client);
        tell(false);
      };
      own.push(tell);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  leave(): void {
    for (let i = 0; i < CLASSES.length; i++) {
      const place = (this.#turn + i) % CLASSES.length;
      const clients = this.#classes.get(CLASSES[place]!)!;
      const [first] = clients;
      if (first === undefined) continue;
      const [client, own] = first;
      // Its next turn comes when all others have had theirs.
      clients.delete(client);
      const next = own.shift()!;
      if (own.length > 0) clients.set(client, own);
      this.#turn = place + 1;
      next(true);
      return;
    }
    this.#active--;
  }
}

/** Attempts until one succeeds, fails for good, or the time is up: waits grow by half from 0.5 s to a minute, half of it random. */
import { VestalError } from "../../base/index.js";
import type { FailureReason, NotifyResult } from "./context.js";

const FIRST_WAIT_MS = 500;
const GROWTH = 1.5;
const MAX_WAIT_MS = 60_000;
const RANDOMIZATION = 0.5;

export class NotifyError extends VestalError {
  readonly reason: FailureReason;
  constructor(message: string, reason: FailureReason) {
    super("NOTIFY", message);
    this.reason = reason;
  }
}

export interface RetryOptions {
  /** `receiver/kind[index]`, in messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly onRetry: (attempts: number, message: string) => void;
}

/** @throws NotifyError */
export async function retry(attempt: () => Promise<NotifyResult>, options: RetryOptions): Promise<void> {
  const { name, signal, random, onRetry } = options;
  let last: Exclude<NotifyResult, { kind: "sent" }> | undefined;
  let waitMs = FIRST_WAIT_MS;
  for (let attempts = 0; ; ) {
    if (signal.aborted) throw canceled(name, attempts, last, signal);
    const result = await attempt();
    attempts++;
    if (result.kind === "sent") return;
    if (result.kind === "failed") {
      const text = `${name}: notify retry canceled due to unrecoverable error after ${attempts} attempts: ${result.message}`;
      throw new NotifyError(text, result.reason);
    }
    if (!signal.aborted) {
      if (last?.message !== result.message) onRetry(attempts, result.message);
      last = result;
    }
    await sleep(waitMs * (1 - RANDOMIZATION + 2 * RANDOMIZATION * random()), signal);
    waitMs = Math.min(waitMs * GROWTH, MAX_WAIT_MS);
  }
}

function canceled(
  name: string,
  attempts: number,
  last: Exclude<NotifyResult, { kind: "sent" }> | undefined,
  signal: AbortSignal,
): NotifyError {
  const isTimeout = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  const message = last?.message ?? (isTimeout ? "context deadline exceeded" : "context canceled");
  const reason = last?.reason ?? (isTimeout ? "contextDeadlineExceeded" : "contextCanceled");
  return new NotifyError(`${name}: notify retry canceled after ${attempts} attempts: ${message}`, reason);
}

export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
    signal.addEventListener("abort", done, { once: true });
  });
}

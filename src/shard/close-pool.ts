import type { Piscina } from "piscina";

const LOOK_MS = 5;

/**
 * Ends a pool's threads once they are idle, at the latest after `patienceMs`: Node.js 20 aborts the whole process if a thread is
 * ended while it loads its modules, which is where a signal during a start may find it.
 */
export async function closePool(pool: Piscina, patienceMs: number): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (pool.idleThreads < pool.threads.length && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await pool.destroy();
}

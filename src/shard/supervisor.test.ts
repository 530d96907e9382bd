import { once } from "node:events";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { type PlainError, packageRoot, silentLogger, systemClock } from "../base/index.js";
import { DEFAULT_SUPERVISION, ShardSupervisor } from "./supervisor.js";

const entryFile = join(packageRoot(), "dist", "test", "doubles", "toy-shard.js");
const running: ShardSupervisor<string>[] = [];

afterEach(async () => {
  for (const supervisor of running.splice(0)) await supervisor.stop();
});

interface Seen {
  readonly started: { shard: number; generation: number }[];
  readonly lost: { shard: number; error: PlainError }[];
  readonly fatal: string[];
}

function start(options: { shardCount?: number; stopTimeoutMs?: number; onLost?: () => Promise<void> } = {}) {
  const seen: Seen = { started: [], lost: [], fatal: [] };
  const waiting: (() => void)[] = [];
  const changed = (): void => {
    for (const wake of waiting.splice(0)) wake();
  };
  const supervisor = new ShardSupervisor<string>(
    {
      ...DEFAULT_SUPERVISION,
      stopTimeoutMs: options.stopTimeoutMs ?? 5000,
      shardCount: options.shardCount ?? 1,
      entryFile,
      handler: "runToyShard",
      workerData: "for all",
      taskData: (shard, generation) => `for ${shard}.${generation}`,
    },
    {
      onShardStarted: (shard, generation) => {
        seen.started.push({ shard, generation });
        changed();
      },
      onShardLost: (shard, error) => {
        seen.lost.push({ shard, error });
        changed();
        return options.onLost?.();
      },
      onFatal: (_shard, message) => {
        seen.fatal.push(message);
        changed();
      },
    },
    { clock: systemClock, log: silentLogger },
  );
  running.push(supervisor);
  supervisor.start();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { supervisor, seen, until };
}

async function echo(port: MessagePort | undefined): Promise<Record<string, unknown>> {
  port!.postMessage({ type: "echo" });
  const [message] = await once(port!, "message");
  return message as Record<string, unknown>;
}

describe("supervision of shards", () => {
  test("every shard has a thread of its own, with its data", async () => {
    const { supervisor, seen } = start({ shardCount: 3 });
    expect(seen.started).toEqual([0, 1, 2].map((shard) => ({ shard, generation: 0 })));
    for (const shard of [0, 1, 2]) {
      expect(await echo(supervisor.port(shard))).toEqual({
        shard,
        generation: 0,
        data: `for ${shard}.0`,
        workerData: "for all",
        tasksOfThread: 1,
      });
    }
  });

  test.each([
    ["throw", "toy threw"],
    ["uncaught", "toy was careless"],
    ["exit", "worker exited with code: 3"],
  ])("a shard whose thread ends (%s) is reported and gets a new thread", async (type, message) => {
    const { supervisor, seen, until } = start({ shardCount: 2 });
    await echo(supervisor.port(1));
    supervisor.port(1)!.postMessage({ type });
    await until(() => seen.started.length === 3);
    expect(seen.lost).toMatchObject([{ shard: 1, error: { message } }]);
    expect(await echo(supervisor.port(1))).toMatchObject({
      shard: 1,
      generation: 1,
      data: "for 1.1",
      tasksOfThread: 1,
    });
    expect(await echo(supervisor.port(0))).toMatchObject({ shard: 0, generation: 0 });
    expect(supervisor.lossCount).toBe(1);
  });

  test("a task that returns unasked is a loss too", async () => {
    const { supervisor, seen, until } = start();
    supervisor.port(0)!.postMessage({ type: "return" });
    await until(() => seen.started.length === 2);
    expect(seen.lost[0]!.error.message).toBe("the shard's task returned without being asked to");
  });

  test("the new thread waits until the loss has been dealt with", async () => {
    let release = (): void => undefined;
    const dealtWith = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { supervisor, seen, until } = start({ onLost: () => dealtWith });
    supervisor.port(0)!.postMessage({ type: "exit" });
    await until(() => seen.lost.length === 1);
    expect(supervisor.port(0)).toBeUndefined();
    expect(seen.started.length).toBe(1);
    release();
    await until(() => seen.started.length === 2);
  });

  test("the third loss within ten minutes is fatal", async () => {
    const { supervisor, seen, until } = start();
    for (let i = 1; i <= 3; i++) {
      supervisor.port(0)!.postMessage({ type: "exit" });
      await until(() => seen.lost.length === i && (seen.started.length === i + 1 || seen.fatal.length > 0));
    }
    expect(seen.started.length).toBe(3);
    expect(seen.fatal).toEqual([
      "shard 0 ended 3 times within 10 minutes, the last time with: worker exited with code: 3",
    ]);
  });

  test("a loss that cannot be dealt with is fatal at once", async () => {
    const { supervisor, seen, until } = start({ onLost: () => Promise.reject(new Error("cannot unlock the WAL")) });
    supervisor.port(0)!.postMessage({ type: "exit" });
    await until(() => seen.fatal.length === 1);
    expect(seen.fatal).toEqual(["shard 0 cannot be recovered: cannot unlock the WAL"]);
  });

  test("stopping is no loss", async () => {
    const { supervisor, seen } = start({ shardCount: 2 });
    await echo(supervisor.port(0));
    await supervisor.stop();
    expect(seen.lost).toEqual([]);
  });

  test("a thread that does not stop is ended when its time is over", async () => {
    const { supervisor, seen } = start({ stopTimeoutMs: 200 });
    await echo(supervisor.port(0));
    supervisor.port(0)!.postMessage({ type: "hang" });
    await supervisor.stop();
    expect(seen.lost).toEqual([]);
  });
});

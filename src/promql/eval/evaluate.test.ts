import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../../../test/doubles/memory-storage.js";
import { VestalError } from "../../base/index.js";
import { QueryMemory } from "../../memory/index.js";
import { Labels } from "../../model/index.js";
import type { CancelToken, Querier } from "../../storage/index.js";
import { DEFAULT_EVALUATION_OPTIONS, type EvaluationOptions, evaluate } from "./evaluate.js";
import { encodeAnswer, encodeSeries, encodeTexts } from "./json.js";
import { startPromqlKernels } from "./kernels.js";
import { prepareInstantQuery, prepareRangeQuery } from "./prepare.js";
import type { QueryResult } from "./result.js";

const memory = new QueryMemory(64 << 20);
const kernels = startPromqlKernels(memory);
const patient: CancelToken = { check: () => {} };

/** `seriesCount` series `metric{n="i"}` with `samples` samples each, 10 s apart, values 0, 1, 2 … */
function storageOf(seriesCount: number, samples: number): MemoryStorage {
  const storage = new MemoryStorage();
  for (let n = 0; n < seriesCount; n++) {
    const labels = Labels.of({ __name__: "metric", n: String(n) });
    storage.append(
      labels,
      Array.from({ length: samples }, (_, i) => [i * 10_000, i] as const),
    );
  }
  return storage;
}

async function ask(
  storage: MemoryStorage,
  text: string,
  options: Partial<EvaluationOptions> = {},
  cancel = patient,
  range = { startMs: 0, endMs: 900_000, stepMs: 10_000 },
): Promise<QueryResult> {
  const request = prepareRangeQuery(text, range, { ...DEFAULT_EVALUATION_OPTIONS, ...options });
  return evaluate(request, { querier: storage, memory, kernels, cancel });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof VestalError ? `${error.code}: ${error.message}` : String(error);
  }
  return "no error";
}

describe("budget", () => {
  const TOO_MANY = "QUERY_SAMPLES: query processing would load too many samples into memory in query execution";

  test.each([
    ["metric", 910, 909],
    ["sum(metric)", 910, 909],
    ["metric + metric", 1820, 1819],
  ])("%s needs %d samples, and not one fewer", async (text, enough, tooFew) => {
    const storage = storageOf(10, 91);
    expect(await codeOf(ask(storage, text, { maxSamples: enough }))).toBe("no error");
    expect(await codeOf(ask(storage, text, { maxSamples: tooFew }))).toBe(TOO_MANY);
  });

  test("a window counts its samples while it is evaluated", async () => {
    const storage = storageOf(1, 91);
    const instant = { startMs: 900_000, endMs: 900_000, stepMs: 1000 };
    const run = (maxSamples: number): Promise<QueryResult> =>
      ask(storage, "sum_over_time(metric[10m])", { maxSamples }, patient, instant);
    expect(await codeOf(run(60))).toBe("no error");
    expect(await codeOf(run(59))).toBe(TOO_MANY);
  });

  test("a query beyond the memory's limit fails and gives everything back", async () => {
    const small = new QueryMemory(2 << 20);
    const smallKernels = startPromqlKernels(small);
    const before = small.used;
    const range = { startMs: 0, endMs: 900_000, stepMs: 1000 };
    const request = prepareRangeQuery("metric or metric", range, DEFAULT_EVALUATION_OPTIONS);
    const means = { querier: storageOf(500, 91), memory: small, kernels: smallKernels, cancel: patient };
    expect(await codeOf(evaluate(request, means))).toMatch(/^QUERY_MEMORY: /);
    expect(small.used).toBe(before);
  });
});

test("a canceled query stops in the middle, and its memory is free again", async () => {
  const before = memory.used;
  let checks = 0;
  const cancel: CancelToken = {
    check: () => {
      if (++checks > 3) throw new VestalError("QUERY_CANCELED", "query was canceled in expression evaluation");
    },
  };
  const query = ask(storageOf(100, 91), "quantile_over_time(0.5, metric[10m])", {}, cancel);
  expect(await codeOf(query)).toMatch(/^QUERY_CANCELED/);
  expect(checks).toBe(4);
  expect(memory.used).toBe(before);
});

test("the token is asked again for every 20,000 samples in windows", async () => {
  let checks = 0;
  await ask(storageOf(100, 91), "stddev_over_time(metric[10m])", {}, { check: () => checks++ });
  // 100 series × 91 steps × 30 to 60 samples.
  expect(checks).toBeGreaterThan((100 * 91 * 30) / 20_000);
});

test.each([
  ["metric", 91 * 2],
  ["sum_over_time(metric[20s])", 2 * (2 * 91 - 1)],
  ["metric @ 100", 2 * 91],
  ["rate(metric[20s] @ 100)", 2 * 2 * 91],
  ["max_over_time(metric[20s:10s])", 2 * (2 * 91 - 1)],
])("%s: each step counts the samples that it looks at", async (text, expected) => {
  const result = await ask(storageOf(2, 91), text);
  expect(result.stats.queryableSamples).toBe(expected);
});

test("all selectors of a query are asked for at once, so that they see the same commits", async () => {
  const storage = storageOf(2, 91);
  const asked: number[] = [];
  const querier: Querier = {
    selectAll: (requests) => {
      asked.push(requests.length);
      return storage.selectAll(requests);
    },
    labelNames: (...args) => storage.labelNames(...args),
    labelValues: (...args) => storage.labelValues(...args),
    close: () => storage.close(),
  };
  const text = "metric / on() group_left() sum(metric offset 1m) + max_over_time(metric[5m:1m]) + metric";
  const request = prepareInstantQuery(text, 900_000, DEFAULT_EVALUATION_OPTIONS);
  await evaluate(request, { querier, memory, kernels, cancel: patient });
  expect(asked).toEqual([3]);
});

test("bits do not depend on how large the memory already is or on what it held", async () => {
  const storage = storageOf(20, 91);
  const text = "avg(rate(metric[1m])) / stddev(metric ^ 1.5) and on() vector(1)";
  const first = encodeAnswer(await ask(storage, text), { memory, kernels });
  memory.bytes.fill(0xa5, memory.used);
  expect(Buffer.from(encodeAnswer(await ask(storage, text), { memory, kernels })).toString()).toBe(
    Buffer.from(first).toString(),
  );
});

describe("answers", () => {
  const json = async (text: string, timeMs: number, storage = storageOf(1, 91)): Promise<string> => {
    const request = prepareInstantQuery(text, timeMs, DEFAULT_EVALUATION_OPTIONS);
    const result = await evaluate(request, { querier: storage, memory, kernels, cancel: patient });
    return Buffer.from(encodeAnswer(result, { memory, kernels })).toString();
  };

  test("an instant vector", async () => {
    expect(await json("metric", 20_050)).toBe(
      '{"status":"success","data":{"resultType":"vector","result":[' +
        '{"metric":{"__name__":"metric","n":"0"},"value":[20.050,"2"]}]}}',
    );
  });

  test("samples of a range vector", async () => {
    expect(await json("metric[20s]", 20_000)).toBe(
      '{"status":"success","data":{"resultType":"matrix","result":[' +
        '{"metric":{"__name__":"metric","n":"0"},"values":[[10,"1"],[20,"2"]]}]}}',
    );
  });

  test("a scalar and a string, whose times are plain floats", async () => {
    expect(await json("1e21", 20_050)).toBe(
      '{"status":"success","data":{"resultType":"scalar","result":[20.05,"1000000000000000000000"]}}',
    );
    expect(await json('"<é\\n"', -500)).toBe(
      '{"status":"success","data":{"resultType":"string","result":[-0.5,"\\u003cé\\n"]}}',
    );
  });

  test("labels are escaped as JSON needs it and no further, infos also for HTML", async () => {
    const storage = new MemoryStorage();
    storage.append(Labels.of({ __name__: "a<b>", le: 'x"\\\n\u0001&' }), [
      [0, 1],
      [10_000, 2],
    ]);
    expect(await json('rate({"a<b>"}[1m])', 10_000, storage)).toBe(
      '{"status":"success","data":{"resultType":"vector","result":[' +
        '{"metric":{"le":"x\\"\\\\\\n\\u0001&"},"value":[10,"0.025"]}]},' +
        '"infos":["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ' +
        '\\"a\\u003cb\\u003e\\" (1:6)"]}',
    );
  });
});

test("series that meet no partner are computed all the same: errors and infos do not depend on the other side", async () => {
  const joined = 'label_join(-metric, "n", "", "x") + on(n) absent(metric)';
  expect(await codeOf(ask(storageOf(2, 91), joined))).toBe(
    "QUERY_EXECUTION: vector cannot contain metrics with the same labelset",
  );
  const { infos } = await ask(storageOf(2, 91), "rate(metric[1m]) * on(n) group_left() absent(metric)");
  expect(infos).toHaveLength(1);
  expect((await ask(storageOf(2, 91), "topk(0, rate(metric[1m]))")).infos).toHaveLength(1);
});

test("a range query refuses what has no value at a step, in Prometheus' words", () => {
  const range = { startMs: 0, endMs: 10, stepMs: 1 };
  expect(() => prepareRangeQuery("metric[5m]", range, DEFAULT_EVALUATION_OPTIONS)).toThrow(
    'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  );
});

test("lists of series and of names have Prometheus' escapes: labels none for HTML, names all", () => {
  // As 3.5.3 answers `series` and `label/a/values` for such a series.
  const labels = Labels.of({ __name__: "esc", a: "<x>&\u2028é\u007f", "1": "one", "0z": 'q"\\\n' });
  expect(Buffer.from(encodeSeries([labels, Labels.EMPTY], [])).toString()).toBe(
    '{"status":"success","data":[{"0z":"q\\"\\\\\\n","1":"one","__name__":"esc","a":"<x>&\u2028é\u007f"},{}]}',
  );
  expect(Buffer.from(encodeTexts(["<x>&\u2028é\u007f", "b\b"], ["cut"])).toString()).toBe(
    '{"status":"success","data":["\\u003cx\\u003e\\u0026\\u2028é\u007f","b\\u0008"],"warnings":["cut"]}',
  );
});

/** Prometheus' rules for exemplars: tsdb/exemplar.go's behaviour, as its documentation and a live server show it. */
import { expect, test } from "vitest";
import { type Exemplar, Labels, Matcher } from "../../model/index.js";
import { ExemplarStore } from "./exemplars.js";

const A = Labels.of({ __name__: "m", job: "a" });
const B = Labels.of({ __name__: "m", job: "b" });
const ALL = [[new Matcher("=", "__name__", "m")]];

function exemplar(timestampMs: number, value: number, trace = "t", isTimed = true): Exemplar {
  return { labels: Labels.of({ trace_id: trace }), value, timestampMs, isTimed };
}

function stored(store: ExemplarStore, selectors = ALL, startMs = 0, endMs = 1e15) {
  return store
    .select(selectors, startMs, endMs)
    .map(({ seriesLabels, exemplars }) => [seriesLabels.get("job"), exemplars.map(({ timestampMs }) => timestampMs)]);
}

test("a new one takes the place of the oldest, whichever series that is of", () => {
  const store = new ExemplarStore(3);
  for (const [series, time] of [
    [A, 1],
    [B, 2],
    [A, 3],
    [A, 4],
  ] as const) {
    expect(store.add(series, exemplar(time, time))).toBeUndefined();
  }
  expect(stored(store)).toEqual([
    ["a", [3, 4]],
    ["b", [2]],
  ]);
  store.add(A, exemplar(5, 5));
  expect(stored(store)).toEqual([["a", [3, 4, 5]]]);
  expect(store).toMatchObject({ size: 3, seriesCount: 1, oldestTimestampMs: 3, appended: 5 });
});

test("each row of refusals", () => {
  const store = new ExemplarStore(10);
  store.add(A, exemplar(10, 5));
  expect(store.refusal(A, exemplar(10, 5))).toBe("duplicate");
  expect(store.refusal(A, exemplar(9, 7))).toBe("out of order");
  expect(store.refusal(A, exemplar(10, 4))).toBe("out of order");
  expect(store.refusal(A, exemplar(10, 6))).toBeUndefined();
  expect(store.refusal(A, exemplar(11, 1))).toBeUndefined();
  expect(store.refusal(B, exemplar(1, 1))).toBeUndefined();
  // Without times of their own two are the same whenever they were scraped; with one they are not.
  store.add(B, exemplar(10, 5, "t", false));
  expect(store.refusal(B, exemplar(99, 5, "t", false))).toBe("duplicate");
  expect(store.refusal(B, exemplar(99, 5, "t", true))).toBeUndefined();
  expect(store.add(A, exemplar(9, 7))).toBe("out of order");
  expect(store.outOfOrder).toBe(1);
});

test("at most 128 characters of names and values, however many bytes they take", () => {
  const store = new ExemplarStore(10);
  expect(store.refusal(A, exemplar(1, 1, "x".repeat(120)))).toBeUndefined();
  expect(store.refusal(A, exemplar(1, 1, "x".repeat(121)))).toBe("too long");
  expect(store.refusal(A, exemplar(1, 1, "😀".repeat(120)))).toBeUndefined();
  expect(store.refusal(A, exemplar(1, 1, "😀".repeat(121)))).toBe("too long");
});

test("selects by matchers and time", () => {
  const store = new ExemplarStore(10);
  for (const time of [1, 2, 3]) store.add(A, exemplar(time, time));
  store.add(B, exemplar(2, 2));
  expect(stored(store, ALL, 2, 2)).toEqual([
    ["a", [2]],
    ["b", [2]],
  ]);
  expect(stored(store, [[new Matcher("=", "job", "b")]])).toEqual([["b", [2]]]);
  expect(stored(store, [[new Matcher("=", "job", "c")], [new Matcher("=~", "job", "a|b")]], 3, 9)).toEqual([
    ["a", [3]],
  ]);
  expect(stored(store, ALL, 4, 9)).toEqual([]);
});

test("a smaller capacity drops the oldest, none keeps none", () => {
  const store = new ExemplarStore(10);
  for (let time = 1; time <= 10; time++) store.add(time % 2 ? A : B, exemplar(time, time));
  store.resize(3);
  expect(stored(store)).toEqual([
    ["a", [9]],
    ["b", [8, 10]],
  ]);
  store.resize(0);
  store.add(A, exemplar(99, 1));
  expect(store.size).toBe(0);
});

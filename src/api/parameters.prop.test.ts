import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRouter, resolvePath } from "./api.js";
import { decodeUtf8, Parameters, parseTime, percentDecode, quoteParameter, toMs } from "./parameters.js";
import { unescapeLabelName } from "./routes/label-name.js";

const text = fc.string({ unit: "grapheme" });

test("a query string written by URLSearchParams is read back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
      const written = new URLSearchParams(pairs).toString();
      expect(Parameters.parse(written).entries).toEqual(pairs);
    }),
  );
});

test("bytes survive decoding, whether they are UTF-8 or not", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const decoded = decodeUtf8(bytes);
      const back = [...decoded].flatMap((char) =>
        /\p{Cs}/u.test(char) ? [char.charCodeAt(0) - 0xdc00] : [...Buffer.from(char, "utf8")],
      );
      expect(back).toEqual([...bytes]);
      expect(percentDecode([...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""), false)).toBe(
        decoded,
      );
    }),
  );
});

test("whatever path a client sends has an answer or a route", () => {
  const router = createRouter();
  const piece = fc.oneof(
    fc.constantFrom(
      "/",
      "//",
      "..",
      ".",
      "%",
      "%ff",
      "%2e",
      "%2F",
      "?",
      "#",
      "api",
      "v1",
      "query",
      "label",
      "values",
      "/-/",
      "p",
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.constantFrom("", "/p"),
      fc.constantFrom("GET", "HEAD", "OPTIONS", "NOPE"),
      (pieces, prefix, method) => {
        const resolution = resolvePath(router, method, `/${pieces.join("")}`, "", prefix);
        const location =
          resolution.kind === "answer" ? resolution.response.headers?.find(([name]) => name === "Location") : undefined;
        // Never to another host, never a second header.
        if (location !== undefined) expect(location[1]).toMatch(/^\/(?!\/)[\x21-\x7e]*$/);
      },
    ),
    { numRuns: 1000 },
  );
});

test("milliseconds since the epoch are read exactly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
      const iso = parseTime(new Date(ms).toISOString());
      expect(typeof iso === "bigint" ? toMs(iso) : iso).toBe(ms);
      const seconds = parseTime((ms / 1000).toFixed(3));
      expect(typeof seconds === "bigint" ? toMs(seconds) : seconds).toBe(ms);
    }),
  );
});

test("a label name escaped as Prometheus does is read back", () => {
  fc.assert(
    fc.property(text, (name) => {
      const escaped = [...name].map((char) =>
        char === "_" ? "__" : /^[a-zA-Z0-9]$/.test(char) ? char : `_${char.codePointAt(0)!.toString(16)}_`,
      );
      expect(unescapeLabelName(`U__${escaped.join("")}`)).toBe(name);
    }),
  );
});

describe("quoting", () => {
  test.each([
    ["a", '"a"'],
    ['a"\n', '"a\\"\\n"'],
    ["\udcff", '"\\xff"'],
    ["a\udc80é", '"a\\x80é"'],
  ])("%j is quoted as %s", (value, quoted) => {
    expect(quoteParameter(value)).toBe(quoted);
  });
});

test("the first and the last time are read as Prometheus writes them", () => {
  expect(parseTime("-292273086-05-16T16:47:06Z")).toBe(-9223309901257974n * 1_000_000_000n);
  expect(parseTime("292277025-08-18T07:12:54.999999999Z")).toBe(9223309901257974n * 1_000_000_000n + 999_999_999n);
  expect(parseTime("292277025-08-18T07:12:54Z")).toContain("cannot parse");
});

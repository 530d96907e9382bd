import { expect, test } from "vitest";
import { GoJsonError, parseGoJson } from "./go-json.js";

/** What Alertmanager 0.33 (Go 1.27) answers to the same bodies. */
test.each([
  ["[tru]", "invalid character ']' in literal true (expecting 'e')"],
  ["[nul", "unexpected EOF"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  ["[01]", "invalid character '1' after array element"],
  ["[1.]", "invalid character ']' in numeric literal"],
  ['["a\nb"]', "invalid character '\\n' in string"],
  ['["a\\x"]', "invalid escape sequence `\\x` in string"],
  ['["\\u12x4"]', "invalid escape sequence `\\u12x4` in string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ["{1:2}", "invalid character '1' looking for beginning of object key string"],
  ["é", "invalid character 'é' looking for beginning of value"],
  ["[\u0001]", "invalid character '\\x01' looking for beginning of value"],
  ["\ufeff[]", "invalid character '\\ufeff' looking for beginning of value"],
  ["[\\]", "invalid character '\\\\' looking for beginning of value"],
])("%j is refused", (text, why) => {
  expect(() => parseGoJson(text)).toThrow(new GoJsonError(why));
});

test.each([
  ['{"a":[1,2]} trailing', { a: [1, 2] }],
  ["[][]", []],
  ['["\\ud800","\\ud83d\\ude00","\\udc00x"]', ["\ufffd", "😀", "\ufffdx"]],
])("%j is read", (text, value) => {
  expect(parseGoJson(text)).toEqual(value);
});

test("a text of brackets is refused before the stack ends", () => {
  expect(() => parseGoJson(`${"[".repeat(1_000_000)}x`)).toThrow(new GoJsonError("exceeded max depth"));
});

import { describe, expect, test } from "vitest";
import { parseUrl } from "./go-url.js";

/** Verdicts of Go's url.Parse. */
describe("parseUrl", () => {
  test.each([
    ["https://%<>host:8080/", 'invalid URL escape "%<>"'],
    ["https://ho%41st/", 'invalid URL escape "%41"'],
    ["http://host/%zz", 'invalid URL escape "%zz"'],
  ])("%s is refused", (text, reason) => {
    expect(() => parseUrl(text)).toThrow(reason);
  });

  test.each(["https://h%c3%b6st/", "http://host/%20", "http://[::1]:9090/"])("%s is accepted", (text) => {
    expect(parseUrl(text).text).toBe(text);
  });
});

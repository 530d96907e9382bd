import { describe, expect, test } from "vitest";
import { Matcher, type MatchOperator } from "./matcher.js";

describe("Matcher", () => {
  test.each<[MatchOperator, string, string, boolean]>([
    ["=", "a", "a", true],
    ["=", "a", "ab", false],
    ["=", "", "", true],
    ["!=", "a", "b", true],
    ["!=", "a", "", true],
    ["=~", "a.*", "ab", true],
    ["=~", "a", "ab", false],
    ["!~", "a|b", "b", false],
    ["!~", "a|b", "c", true],
  ])("x%s%j on %j", (operator, value, text, expected) => {
    expect(new Matcher(operator, "x", value).matches(text)).toBe(expected);
  });

  test.each<[MatchOperator, string, boolean]>([
    ["=", "", true],
    ["=", "a", false],
    ["!=", "a", true],
    ["!=", "", false],
    ["=~", ".*", true],
    ["=~", ".+", false],
    ["=~", "a|", true],
    ["!~", ".+", true],
  ])("x%s%j matches a series without the label: %s", (operator, value, expected) => {
    expect(new Matcher(operator, "x", value).matchesEmpty).toBe(expected);
  });

  test.each<[MatchOperator, string, readonly string[] | undefined]>([
    ["=", "a.b", ["a.b"]],
    ["=~", "a|b", ["a", "b"]],
    ["=~", "a.*", undefined],
    ["!=", "a", undefined],
    ["!~", "a|b", undefined],
  ])("literals of x%s%j", (operator, value, literals) => {
    expect(new Matcher(operator, "x", value).literals).toEqual(literals);
  });

  test("prints as in a selector", () => {
    expect(String(new Matcher("!~", "job", 'a"b'))).toBe('job!~"a\\"b"');
    expect(String(new Matcher("=", "my.label", "x"))).toBe('"my.label"="x"');
  });
});

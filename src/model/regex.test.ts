// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Go's templates.
import { describe, expect, test } from "vitest";
import { compileRegex, expandTemplate, MAX_REGEX_LENGTH } from "./regex.js";

describe("matches the whole string, as Go does", () => {
  test.each([
    ["foo", "foo", true],
    ["foo", "foobar", false],
    ["foo|bar", "bar", true],
    ["foo|bar", "foobar", false],
    ["api-(a|b)", "api-b", true],
    ["api-(a|b)", "api-c", false],
    ["foo.*", "foo\nbar", true],
    ["foo.+", "foo", false],
    [".*foo", "a\nfoo", true],
    [".+foo", "foo", false],
    [".*foo.*", "afoob", true],
    [".+foo.+", "foofoofoo", true],
    [".+foo.+", "foofoo", false],
    [".*", "", true],
    [".+", "", false],
    [".+", "\n", true],
    ["", "", true],
    ["", "a", false],
    ["a|", "", true],
    ["a\\.b", "a.b", true],
    ["a\\.b", "axb", false],
    ["a.b", "a\nb", true],
    ["\\Qa.b", "a.b", true],
    ["\\Qa|", "a", false],
    [".+.+", "😀", false],
    [".*.*", "", true],
    ["(?i)foo", "FOO", true],
    ["(?i:a)b", "AB", false],
    ["^foo$", "foo", true],
    ["[^a]", "\n", true],
    ["\\d{3}", "123", true],
    ["\\pL+", "äß", true],
    ["ä.", "ä😀", true],
    ["a\\.*", "a..", true],
    ["x?", "", true],
  ])("%j on %j", (source, text, expected) => {
    expect(compileRegex(source).matches(text)).toBe(expected);
  });

  test("an answer that was kept is the same again", () => {
    const regex = compileRegex("a[bc]+");
    expect([regex.matches("abc"), regex.matches("abd"), regex.matches("abc"), regex.matches("abd")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("more texts than answers are kept", () => {
    const regex = compileRegex("x[0-9]+");
    for (let i = 0; i < 70_000; i++) if (!regex.matches(`x${i}`)) throw new Error(`x${i}`);
    expect([regex.matches("x1"), regex.matches("x69999")]).toEqual([true, true]);
    expect(regex.matches("y1")).toBe(false);
    expect(regex.matches("x".repeat(10_000))).toBe(false);
  });

  test("more expressions than are kept", () => {
    const first = compileRegex("r0[a-b]");
    expect(compileRegex("r0[a-b]")).toBe(first);
    for (let i = 1; i < 500; i++) expect(compileRegex(`r${i}[a-b]`).matches(`r${i}a`)).toBe(true);
    expect(compileRegex("r0[a-b]")).not.toBe(first);
    expect(compileRegex("r0[a-b]").matches("r0b")).toBe(true);
  });

  test("hostile expressions take linear time", () => {
    const startMs = performance.now();
    expect(compileRegex("(x+x+)+y").matches("x".repeat(2000))).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});

describe("literals", () => {
  test.each([
    ["foo", ["foo"]],
    ["", [""]],
    ["foo|bar|foo", ["foo", "bar"]],
    ["a(b|c)", ["ab", "ac"]],
    ["(?:a|b)(c|d)", ["ac", "ad", "bc", "bd"]],
    ["a\\.b|c", ["a.b", "c"]],
    ["a||b", ["a", "", "b"]],
    ["foo.*", undefined],
    ["(?i)foo", undefined],
    ["[ab]", undefined],
    ["a?", undefined],
    ["(ab)+", undefined],
    ["^a", undefined],
    ["\\d", undefined],
    ["a{2}", undefined],
  ])("%j", (source, literals) => {
    expect(compileRegex(source).literals).toEqual(literals);
  });

  test("a long alternation is no automaton", () => {
    const values = Array.from({ length: 10_000 }, (_, i) => `instance-${i}`);
    const regex = compileRegex(values.join("|"));
    expect(regex.literals).toHaveLength(10_000);
    expect(regex.matches("instance-9999")).toBe(true);
  });

  test("a long prefix is not written out for each of many", () => {
    const alternatives = Array.from({ length: 5000 }, (_, i) => `a${i}`).join("|");
    expect(compileRegex(`${"x".repeat(100_000)}(${alternatives})`).literals).toBeUndefined();
    expect(compileRegex(`node-(${alternatives})\\.example`).literals).toHaveLength(5000);
  });

  test("alternations that multiply are left to RE2", () => {
    const regex = compileRegex("(a|b)".repeat(12));
    expect(regex.literals).toBeUndefined();
    expect(regex.matches("abababababab")).toBe(true);
  });
});

describe("exec and expand", () => {
  test("groups, by number and name", () => {
    const match = compileRegex("(?P<host>[^:]+):(\\d+)(x)?").exec("db:5432");
    expect(match?.groups).toEqual(["db:5432", "db", "5432", ""]);
    expect(match?.named["host"]).toBe(1);
    expect(compileRegex("a(b)").exec("ac")).toBeUndefined();
    expect(compileRegex("(.*)").exec("a\nb")?.groups).toEqual(["a\nb", "a\nb"]);
    expect(compileRegex("(a|b)").exec("b")?.groups).toEqual(["b", "b"]);
  });

  // Verdicts of Go's regexp.Expand for (?P<n>a)(b)(c)? on "ab".
  test.each([
    ["$0-$1-$2", "ab-a-b"],
    ["${1}x", "ax"],
    ["$1x", ""],
    ["${n}", "a"],
    ["$n.", "a."],
    ["$3|", "|"],
    ["$9", ""],
    ["$01", ""],
    ["$$1", "$1"],
    ["$", "$"],
    ["a$", "a$"],
    ["${1", "${1"],
    ["${}", "${}"],
    ["$-", "$-"],
    ["${1-}", "${1-}"],
    ["$toString", ""],
    ["$$$1", "$a"],
  ])("template %j", (template, expected) => {
    expect(compileRegex("(?P<n>a)(b)(c)?").expand("ab", template)).toBe(expected);
  });

  test("no match, no text", () => {
    expect(compileRegex("a").expand("b", "x")).toBeUndefined();
    expect(expandTemplate("$1", { groups: ["a"], named: {} })).toBe("");
  });
});

describe("refuses in Go's words", () => {
  test.each([
    ["a(b", "missing closing ): `a(b`"],
    ["a)b", "unexpected ): `a)b`"],
    ["[", "missing closing ]: `[`"],
    ["a**", "invalid nested repetition operator: `**`"],
    ["a{1001}", "invalid repeat count: `{1001}`"],
    ["(?=x)", "invalid or unsupported Perl syntax: `(?=`"],
    ["\\C", "invalid escape sequence: `\\C`"],
    ["*", "missing argument to repetition operator: `*`"],
    ["[b-a]", "invalid character class range: `b-a`"],
    ["\\", "trailing backslash at end of expression: ``"],
    ["[[:foo:]]", "invalid character class range: `[:foo:]`"],
  ])("%j", (source, message) => {
    expect(() => compileRegex(source)).toThrow(`error parsing regexp: ${message}`);
  });

  test("relabelling's form shows the anchors", () => {
    const options = { errorsShow: "anchored" } as const;
    expect(() => compileRegex("a(b", options)).toThrow("error parsing regexp: missing closing ): `^(?s:a(b)$`");
    expect(compileRegex("a)(b", options).matches("ab")).toBe(true);
  });

  test("a source beyond the limit", () => {
    expect(() => compileRegex("a".repeat(MAX_REGEX_LENGTH + 1))).toThrow("regular expression is too long");
  });
});

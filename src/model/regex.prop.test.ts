import fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { compileRegex } from "./regex.js";

/** RE2 alone, as Prometheus anchors it; undefined if it refuses the expression. */
function plain(source: string): ((text: string) => boolean) | undefined {
  try {
    RE2JS.compile(source);
    const compiled = RE2JS.compile(`^(?s:${source})$`);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
}

const piece = fc.constantFrom(
  ...["a", "b", "ab", "😀", ".", ".*", ".+", "|", "(", ")", "(a|b)", "(?:a|)", "\\.", "\\\\", "\\n", "*", "+", "?"],
  ...["[ab]", "^", "$", "{2}", "}", "]", "(?i)", "\n", "-"],
);
const expression = fc.oneof(
  fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join("")),
  // Mostly the shapes that have fast paths.
  fc
    .tuple(
      fc.constantFrom("", ".*", ".+"),
      fc.array(fc.constantFrom("a", "b", "(a|b)", "\\.", "(?:ab|)"), { maxLength: 3 }),
      fc.constantFrom("", ".*", ".+"),
    )
    .map(([before, middle, behind]) => before + middle.join("") + behind),
);
const texts = fc.array(fc.constantFrom("a", "b", "ab", ".", "\n", "😀", "A", "\\", "-", "]", "}"), { maxLength: 6 });

test("fast paths, kept answers and RE2 agree on every text", () => {
  fc.assert(
    fc.property(expression, fc.array(texts, { minLength: 1, maxLength: 8 }), (source, lists) => {
      const expected = plain(source);
      if (expected === undefined) {
        expect(() => compileRegex(source)).toThrow("error parsing regexp");
        return;
      }
      const regex = compileRegex(source);
      const samples = lists.map((list) => list.join(""));
      for (const text of [...samples, ...samples, ...(regex.literals ?? [])]) {
        expect([text, regex.matches(text)]).toEqual([text, expected(text)]);
        if (regex.literals !== undefined) expect(regex.literals.includes(text)).toBe(expected(text));
        expect(regex.exec(text) !== undefined).toBe(expected(text));
      }
    }),
    { numRuns: 1500 },
  );
});

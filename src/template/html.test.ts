import { describe, expect, test } from "vitest";
import { HtmlEscaper } from "./html.js";
import { TemplateSet } from "./template-set.js";
import { fn, fromJson, GoString } from "./values.js";

const functions = new Map([
  ["safeHtml", fn(["string"], (text: string) => new GoString(text, "template.HTML"))],
  ["safeUrl", fn(["string"], (text: string) => new GoString(text, "template.URL"))],
]);

const render = (text: string, data: unknown): string =>
  new TemplateSet({ functions, missingKey: "zero" }).parse("", text).execute("", fromJson(data), new HtmlEscaper());

const EVIL = { x: `<a href="j">'&+</a>`, u: "javascript:alert(1)", q: "a b&c=d", n: 3 };

/** What html/template of Go gives for each context, by its documentation and tables. */
const ROWS: readonly (readonly [string, string])[] = [
  ["<p>{{.x}}</p>", "<p>&lt;a href=&#34;j&#34;&gt;&#39;&amp;&#43;&lt;/a&gt;</p>"],
  ["<title>{{.x}}</title>", "<title>&lt;a href=&#34;j&#34;&gt;&#39;&amp;&#43;&lt;/a&gt;</title>"],
  ["<p>{{.x | safeHtml}}</p>", `<p><a href="j">'&+</a></p>`],
  ['<a title="{{.x}}">', '<a title="&lt;a href=&#34;j&#34;&gt;&#39;&amp;&#43;&lt;/a&gt;">'],
  ["<a title={{.q}}>", "<a title=a&#32;b&amp;c&#61;d>"],
  ['<a href="{{.u}}">', '<a href="#ZgotmplZ">'],
  ['<a href="{{.u | safeUrl}}">', '<a href="javascript:alert%281%29">'],
  ['<a href="http://x/{{.q}}">', '<a href="http://x/a%20b&amp;c=d">'],
  ['<a href="http://x/?q={{.q}}">', '<a href="http://x/?q=a%20b%26c%3dd">'],
  ['<p style="color: {{.n}}">', '<p style="color: 3">'],
  ['<p style="color: {{.u}}">', '<p style="color: ZgotmplZ">'],
  ["a<!-- {{.x}} -->b", "ab"],
  ["1 < 2 {{.n}}", "1 &lt; 2 3"],
  ["<script>var x = {{.q}};</script>", '<script>var x = "a b\\u0026c=d";</script>'],
  ["{{.x | html}}", "&lt;a href=&#34;j&#34;&gt;&#39;&amp;+&lt;/a&gt;"],
];

describe("html escaping by context", () => {
  test.each(ROWS)("%s", (text, expected) => {
    expect(render(text, EVIL)).toBe(expected);
  });

  test("a template that ends within a tag is refused", () => {
    expect(() => render("<a href='", EVIL)).toThrow("ends in a non-text context");
  });
});

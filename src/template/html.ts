/**
 * html/template's contextual escaping, as far as documents go that are HTML text, attributes, URLs and styles: what is
 * written so far says where a value stands, and so how it is escaped.
 *
 * Go finds the contexts before it runs a template and refuses one whose branches end in different ones; here the context
 * is followed as text is written, which comes to the same for every template that Go accepts.
 */
import { escapeJs, escapeHtml as escapeText } from "./builtins.js";
import { toBytes } from "./bytes.js";
import { TemplateExecError } from "./errors.js";
import type { Escaper } from "./execute.js";
import { toText } from "./format.js";
import type { PipeNode } from "./nodes.js";
import { GoString, type Plain } from "./values.js";

type State = "text" | "tag" | "attributeName" | "beforeValue" | "value" | "rawText" | "comment";
type Delimiter = '"' | "'" | " ";
type Kind = "plain" | "url" | "css" | "js" | "srcset";

const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  "action",
  "archive",
  "background",
  "cite",
  "classid",
  "codebase",
  "data",
  "formaction",
  "href",
  "icon",
  "longdesc",
  "manifest",
  "poster",
  "profile",
  "src",
  "usemap",
  "xmlns",
]);
/** Elements whose content is no markup: text in the first two, other languages in the others. */
const RAW_ELEMENTS: ReadonlySet<string> = new Set(["title", "textarea", "script", "style"]);

export class HtmlEscaper implements Escaper {
  #state: State = "text";
  #element = "";
  #isClosing = false;
  #attribute = "";
  #delimiter: Delimiter = " ";
  /** Of the attribute's value, what was written so far decides which part of a URL comes next. */
  #valueText = "";

  text(text: string): string {
    let written = "";
    for (let at = 0; at < text.length; ) {
      const [next, output] = this.#step(text, at);
      written += output;
      at = next;
    }
    return written;
  }

  end(): void {
    if (this.#state === "text") return;
    throw new TemplateExecError(`html/template: ends in a non-text context: ${this.#state}`);
  }

  value(value: Plain, pipe: PipeNode): string {
    const text = value === undefined ? "" : toText(value);
    const type = value instanceof GoString ? value.typeName : "";
    switch (this.#state) {
      case "text":
        if (type === "template.HTML" || lastFunction(pipe) === "html") return text;
        return escapeHtml(text);
      case "rawText":
        if (this.#element === "script") return scriptValue(value, text);
        if (this.#element === "style") return cssValue(text);
        return type === "template.HTML" ? escapeHtml(stripTags(text)) : escapeHtml(text);
      case "comment":
        return "";
      case "tag":
      case "attributeName":
        return /^[a-zA-Z0-9-]+$/.test(text) ? text.toLowerCase() : "ZgotmplZ";
      case "beforeValue":
        this.#state = "value";
        this.#delimiter = " ";
        this.#valueText = "";
        return this.#attributeValue(text, type);
      case "value":
        return this.#attributeValue(text, type);
    }
  }

  #attributeValue(text: string, type: string): string {
    const before = this.#valueText;
    this.#valueText += text === "" ? "" : "x";
    const quote = (escaped: string): string => (this.#delimiter === " " ? escapeUnquoted(escaped) : escaped);
    switch (kindOf(this.#attribute)) {
      case "plain":
        return quote(type === "template.HTML" ? escapeHtml(stripTags(text)) : escapeHtml(text));
      case "css":
        return quote(escapeHtml(cssValue(text)));
      case "js":
        return quote(escapeHtml(/["'`]/.test(before) ? escapeJs(text) : JSON.stringify(text)));
      case "srcset":
      case "url": {
        if (/[?#]/.test(before)) {
          return quote(escapeHtml(type === "template.URL" ? normalizeUrl(text) : escapeUrlPart(text)));
        }
        const safe = type === "template.URL" || before !== "" || isSafeUrl(text) ? text : "#ZgotmplZ";
        return quote(escapeHtml(normalizeUrl(safe)));
      }
    }
  }

  /** Reads on from `at`. @returns where to go on, and what is written. */
  #step(text: string, at: number): readonly [next: number, output: string] {
    switch (this.#state) {
      case "text":
        return this.#inText(text, at);
      case "comment": {
        const end = text.indexOf("-->", at);
        if (end < 0) return [text.length, ""];
        this.#state = "text";
        return [end + 3, ""];
      }
      case "rawText":
        return this.#inRawText(text, at);
      case "tag":
        return this.#inTag(text, at);
      case "attributeName": {
        const name = /^[^\s=>/"'<]+/.exec(text.slice(at))?.[0] ?? "";
        this.#attribute += name.toLowerCase();
        const after = at + name.length;
        if (after >= text.length) return [after, name];
        const rest = /^\s*=/.exec(text.slice(after))?.[0];
        this.#state = rest === undefined ? "tag" : "beforeValue";
        return [after + (rest ?? "").length, name + (rest ?? "")];
      }
      case "beforeValue":
        return this.#beforeValue(text, at);
      case "value":
        return this.#inValue(text, at);
    }
  }

  #inText(text: string, at: number): readonly [number, string] {
    const tag = text.indexOf("<", at);
    if (tag < 0) return [text.length, text.slice(at)];
    const before = text.slice(at, tag);
    if (text.startsWith("<!--", tag)) {
      this.#state = "comment";
      return [tag + 4, before];
    }
    const open = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)/.exec(text.slice(tag, tag + 128));
    if (open === null) {
      // `<!DOCTYPE` stays; any other is text.
      return [tag + 1, before + (/^<!doctype/i.test(text.slice(tag, tag + 9)) ? "<" : "&lt;")];
    }
    this.#state = "tag";
    this.#isClosing = open[1] === "/";
    this.#element = open[2]!.toLowerCase();
    return [tag + open[0].length, before + open[0]];
  }

  #inRawText(text: string, at: number): readonly [number, string] {
    const lower = text.toLowerCase();
    const end = lower.indexOf(`</${this.#element}`, at);
    if (end < 0) return [text.length, text.slice(at)];
    this.#state = "tag";
    this.#isClosing = true;
    const next = end + 2 + this.#element.length;
    return [next, text.slice(at, next)];
  }

  #inTag(text: string, at: number): readonly [number, string] {
    const space = /^[\s/]+/.exec(text.slice(at))?.[0] ?? "";
    const next = at + space.length;
    if (next >= text.length) return [next, space];
    if (text[next] === ">") {
      this.#state = !this.#isClosing && RAW_ELEMENTS.has(this.#element) ? "rawText" : "text";
      return [next + 1, `${space}>`];
    }
    if (/["'<=]/.test(text[next]!)) {
      throw new TemplateExecError(`html/template: ${JSON.stringify(text[next])} in attribute name`);
    }
    this.#state = "attributeName";
    this.#attribute = "";
    return [next, space];
  }

  #beforeValue(text: string, at: number): readonly [number, string] {
    const space = /^\s*/.exec(text.slice(at))![0];
    const next = at + space.length;
    if (next >= text.length) return [next, space];
    const char = text[next]!;
    this.#state = "value";
    this.#valueText = "";
    const isQuoted = char === '"' || char === "'";
    this.#delimiter = isQuoted ? char : " ";
    return [next + (isQuoted ? 1 : 0), space + (isQuoted ? char : "")];
  }

  #inValue(text: string, at: number): readonly [number, string] {
    const rest = text.slice(at);
    const length = this.#delimiter === " " ? rest.search(/[\s>]/) : rest.indexOf(this.#delimiter);
    const end = length < 0 ? text.length : at + length;
    const part = text.slice(at, end);
    this.#valueText += part;
    if (length < 0) return [end, part];
    this.#state = "tag";
    return this.#delimiter === " " ? [end, part] : [end + 1, part + this.#delimiter];
  }
}

/** html/template escapes a plus sign too: in UTF-7 it began other characters. */
function escapeHtml(text: string): string {
  return escapeText(text).replaceAll("+", "&#43;");
}

function kindOf(attribute: string): Kind {
  const name = attribute.startsWith("data-") ? attribute.slice(5) : attribute.replace(/^.*:/, "");
  if (attribute.startsWith("xmlns:")) return "url";
  if (name.startsWith("on")) return "js";
  if (name === "style") return "css";
  if (name === "srcset") return "srcset";
  if (URL_ATTRIBUTES.has(name)) return "url";
  return attribute.startsWith("data-") && /src|uri|url/.test(name) ? "url" : "plain";
}

function lastFunction(pipe: PipeNode): string | undefined {
  const first = pipe.commands.at(-1)?.args[0];
  return first?.kind === "identifier" ? first.name : undefined;
}

/** Only these schemes, and none, may begin a URL that is no text of the template. */
function isSafeUrl(url: string): boolean {
  const scheme = /^([^:/]*):/.exec(url)?.[1];
  return scheme === undefined || ["http", "https", "mailto"].includes(scheme.toLowerCase());
}

function percentEncoded(text: string, keeps: RegExp, keepsEscapes: boolean): string {
  const bytes = toBytes(text);
  let escaped = "";
  for (let i = 0; i < bytes.length; i++) {
    const char = String.fromCharCode(bytes[i]!);
    const isEscape = keepsEscapes && char === "%" && /^[0-9a-fA-F]{2}$/.test(bytes.toString("latin1", i + 1, i + 3));
    escaped += keeps.test(char) || isEscape ? char : `%${bytes[i]!.toString(16).padStart(2, "0")}`;
  }
  return escaped;
}

function normalizeUrl(url: string): string {
  return percentEncoded(url, /[A-Za-z0-9\-._~!#$&*+,/:;=?@[\]]/, true);
}

function escapeUrlPart(text: string): string {
  return percentEncoded(text, /[A-Za-z0-9\-._~]/, false);
}

/** A value in a style: nothing that could end it or run code. */
function cssValue(text: string): string {
  const isSafe =
    !/[\0"'()/;@[\\\]`{}<>]|--/.test(text) && !/expression|mozbinding/i.test(text.replace(/[^a-zA-Z]/g, ""));
  return isSafe ? text : "ZgotmplZ";
}

function scriptValue(value: Plain, text: string): string {
  const json =
    typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? text : JSON.stringify(text);
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function stripTags(html: string): string {
  return html.replace(/<!--[\s\S]*?-->|<\/?[a-zA-Z][^>]*>/g, "");
}

function escapeUnquoted(text: string): string {
  return text.replace(/[\t\n\f\r =`+]/g, (char) => `&#${char.charCodeAt(0)};`);
}

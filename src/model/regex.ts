/**
 * The one door for regular expressions of users: RE2's syntax and linear time, anchored at both ends as everywhere in
 * Prometheus, the dot matching newlines too. Nothing that a user or a target wrote ever reaches JavaScript's RegExp.
 *
 * RE2 in JavaScript costs 0.8-2.5 µs a value, so simple shapes are compared directly, and answers for others are kept.
 */
import { RE2JS } from "re2js";
import { errorMessage, VestalError } from "../base/index.js";
import { matchesShape, type RegexShape, shapeOf } from "./regex-shape.js";

export interface Regex {
  readonly source: string;
  /** Whole-string match. */
  matches(text: string): boolean;
  /** The capture groups of a whole-string match ([0] is all of it; a group that took no part is ""), or undefined. */
  exec(text: string): RegexGroups | undefined;
  /** Go's Regexp.Expand of `template` (`$1`, `${name}`) with the groups of a whole-string match. */
  expand(text: string, template: string): string | undefined;
  /** The finite set of strings that match, where the expression is a literal or an alternation of literals. */
  readonly literals: readonly string[] | undefined;
}

export interface RegexGroups {
  readonly groups: readonly string[];
  /** Index in `groups` by name. */
  readonly named: Readonly<Record<string, number>>;
}

export interface RegexOptions {
  /**
   * What messages quote: the expression as written, as in selectors (default), or as relabelling compiles it,
   * `^(?s:…)$`, with which `a)(b` is an expression too.
   */
  readonly errorsShow?: "source" | "anchored";
}

/** A dashboard's alternation of all its values can be long; nobody writes more than this. */
export const MAX_REGEX_LENGTH = 262_144;

/**
 * Answers kept for each expression, and the longest text whose answer is kept. The texts are label values which exist
 * anyway, so an answer costs a map's entry of some 80 bytes: 0.3 MiB at most for each expression.
 */
const MAX_KEPT_ANSWERS = 4096;
const MAX_KEPT_LENGTH = 512;

/**
 * Compiled expressions kept with their answers, since dashboards and rules ask the same again. A class like `\pL` takes
 * some 20 kB once compiled, so the length bounds the memory: 100 MB of nothing but those.
 */
const MAX_KEPT_REGEXES = 64;
const MAX_KEPT_SOURCE_LENGTH = 256;
const keptRegexes = new Map<string, Regex>();

/** @throws VestalError REGEX with Go's words for what is wrong. */
export function compileRegex(source: string, options: RegexOptions = {}): Regex {
  const key = `${options.errorsShow ?? "source"}:${source}`;
  const kept = keptRegexes.get(key);
  if (kept !== undefined) {
    // To the end of the map: the first one in it is the one that was not asked for longest.
    keptRegexes.delete(key);
    keptRegexes.set(key, kept);
    return kept;
  }
  const regex = makeRegex(source, options);
  if (source.length <= MAX_KEPT_SOURCE_LENGTH) {
    for (const oldest of keptRegexes.keys()) {
      if (keptRegexes.size < MAX_KEPT_REGEXES) break;
      keptRegexes.delete(oldest);
    }
    keptRegexes.set(key, regex);
  }
  return regex;
}

function makeRegex(source: string, options: RegexOptions): Regex {
  if (source.length > MAX_REGEX_LENGTH) {
    const message = `regular expression is too long: ${source.length} characters, at most ${MAX_REGEX_LENGTH} are allowed`;
    throw new VestalError("REGEX", message, { length: source.length });
  }
  const shape = shapeOf(source);
  // A set of literals is valid for certain, and may be too large for RE2.
  if (shape?.before === "nothing" && shape.behind === "nothing") return new Re2Regex(source, shape, undefined);
  const isAnchored = options.errorsShow === "anchored";
  return new Re2Regex(source, shape, isAnchored ? compile(`^(?s:${source})$`) : compile(source, RE2JS.DOTALL));
}

function compile(expression: string, flags = 0): RE2JS {
  try {
    return RE2JS.compile(expression, flags);
  } catch (error) {
    // A flag would show in the message.
    if (flags !== 0) compile(expression);
    const message = errorMessage(error);
    // The one message in which RE2JS and Go differ.
    const isTrailing = message.endsWith("trailing backslash at end of expression");
    throw new VestalError("REGEX", isTrailing ? `${message}: \`\`` : message, { expression });
  }
}

class Re2Regex implements Regex {
  readonly source: string;
  readonly literals: readonly string[] | undefined;
  readonly #shape: RegexShape | undefined;
  readonly #literalSet: ReadonlySet<string> | undefined;
  readonly #answers = new Map<string, boolean>();
  #unkept = 0;
  #compiled: RE2JS | undefined;

  constructor(source: string, shape: RegexShape | undefined, compiled: RE2JS | undefined) {
    this.source = source;
    this.#shape = shape;
    this.#compiled = compiled;
    if (shape !== undefined && shape.before === "nothing" && shape.behind === "nothing") {
      this.literals = shape.literals;
      this.#literalSet = new Set(shape.literals);
    }
  }

  matches(text: string): boolean {
    if (this.#literalSet !== undefined) return this.#literalSet.has(text);
    if (this.#shape !== undefined) return matchesShape(this.#shape, text);
    if (text.length > MAX_KEPT_LENGTH) return this.#re2.testExact(text);
    let answer = this.#answers.get(text);
    if (answer === undefined) {
      answer = this.#re2.testExact(text);
      this.#keep(text, answer);
    }
    return answer;
  }

  /** The first answers stay, so that a scan of more values than fit still finds some; at last all make room. */
  #keep(text: string, answer: boolean): void {
    if (this.#answers.size < MAX_KEPT_ANSWERS) this.#answers.set(text, answer);
    else if (++this.#unkept > 16 * MAX_KEPT_ANSWERS) {
      this.#answers.clear();
      this.#unkept = 0;
    }
  }

  exec(text: string): RegexGroups | undefined {
    if (!this.matches(text)) return undefined;
    if (this.source === "(.*)" || this.source === "(.+)") return { groups: [text, text], named: {} };
    const matcher = this.#re2.matcher(text);
    if (!matcher.matches()) return undefined;
    const groups: string[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? "");
    return { groups, named: this.#re2.namedGroups() };
  }

  expand(text: string, template: string): string | undefined {
    const match = this.exec(text);
    return match === undefined ? undefined : expandTemplate(template, match);
  }

  get #re2(): RE2JS {
    this.#compiled ??= compile(this.source, RE2JS.DOTALL);
    return this.#compiled;
  }
}

/** `$$`, `$name` or `${name}`; a lone `$` stands for itself. */
const REFERENCE = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

/** Go's Regexp.Expand: a name takes as many letters, digits and underscores as follow, so `$1x` is the group "1x". */
export function expandTemplate(template: string, { groups, named }: RegexGroups): string {
  return template.replace(REFERENCE, (_, dollar?: string, bare?: string, braced?: string) => {
    if (dollar !== undefined) return "$";
    const name = bare ?? braced ?? "";
    const isIndex = /^(?:0|[1-9][0-9]{0,8})$/.test(name);
    const index = isIndex ? Number(name) : Object.hasOwn(named, name) ? named[name] : undefined;
    return index === undefined ? "" : (groups[index] ?? "");
  });
}

/** An expression that is looked for anywhere in a text, as Go's regexp package does without flags: for templates. */
export interface SearchRegex {
  test(text: string): boolean;
  /** Go's ReplaceAllString: each match is replaced by `template`, expanded with its groups. */
  replaceAll(text: string, template: string): string;
}

/** @throws VestalError REGEX with Go's words for what is wrong. */
export function compileSearch(source: string): SearchRegex {
  if (source.length > MAX_REGEX_LENGTH) {
    const message = `regular expression is too long: ${source.length} characters, at most ${MAX_REGEX_LENGTH} are allowed`;
    throw new VestalError("REGEX", message, { length: source.length });
  }
  const re2 = compile(source);
  return {
    test: (text) => re2.matcher(text).find(),
    replaceAll: (text, template) => replaceAll(re2, text, template),
  };
}

function replaceAll(re2: RE2JS, text: string, template: string): string {
  const matcher = re2.matcher(text);
  const named = re2.namedGroups();
  let replaced = "";
  let copied = 0;
  // Go lets no empty match stand right behind another match.
  for (let from = 0; from <= text.length && matcher.find(from); ) {
    const [start, end] = [matcher.start(), matcher.end()];
    replaced += text.slice(copied, start);
    if (end > copied || start === 0) {
      const groups: string[] = [];
      for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? "");
      replaced += expandTemplate(template, { groups, named });
    }
    copied = end;
    from = end > from ? end : from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1);
    if (end > from) from = end;
  }
  return replaced + text.slice(copied);
}

/** The two selector languages of Kubernetes' API, checked as its library does when a client is configured. */
import { refuse } from "./http-client.js";

/** `name=value`, `name==value` and `name!=value`, joined by commas; a backslash escapes. */
export function checkFieldSelector(selector: string): void {
  for (const term of splitUnescaped(selector)) {
    if (term === "") continue;
    const operator = /(?<!\\)(?:\\\\)*(!=|==|=)/.exec(term);
    if (operator === null) refuse(`invalid selector: '${selector}'; can't understand '${term}'`);
    const badEscape = /\\([^\\,=]|$)/.exec(term.slice(operator.index + operator[0].length));
    if (badEscape !== null) refuse(`invalid field selector: invalid badEscape sequence: '\\${badEscape[1]}'`);
  }
}

function splitUnescaped(selector: string): readonly string[] {
  const terms: string[] = [];
  let term = "";
  for (let i = 0; i < selector.length; i++) {
    const char = selector[i]!;
    if (char === "\\" && i + 1 < selector.length) term += char + selector[++i]!;
    else if (char === ",") {
      terms.push(term);
      term = "";
    } else term += char;
  }
  terms.push(term);
  return terms;
}

const TOKEN = /\s*(!=|==|[=!<>(),]|[^\s=!<>(),]+)\s*/y;
const QUALIFIED_NAME = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const PREFIX = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Requirements joined by commas: `a`, `!a`, `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a>1`. */
export function checkLabelSelector(selector: string): void {
  const tokens = tokensOf(selector);
  if (tokens.length === 0) return;
  let at = 0;
  const peek = (): string => tokens[at] ?? "";
  const expect = (found: string, expected: string): never => refuse(`found '${found}', expected: ${expected}`);
  for (;;) {
    if (peek() === "!") {
      at++;
      checkKey(tokens[at++] ?? "");
    } else {
      const key = tokens[at++] ?? "";
      if (key === "" || key === "," || key === ")") expect(key, "!, identifier, or 'end of string'");
      checkKey(key);
      at = skipRequirement(tokens, at, expect);
    }
    if (at >= tokens.length) return;
    if (peek() !== ",") expect(peek(), "',' or 'end of string'");
    at++;
    if (at >= tokens.length || peek() === ",") expect(peek(), "identifier after ','");
  }
}

/** The index after the operator and values that follow a key at `at`, if any do. */
function skipRequirement(tokens: readonly string[], at: number, expect: (found: string, expected: string) => never) {
  const operator = tokens[at];
  if (operator === undefined || operator === ",") return at;
  if (["=", "==", "!=", "<", ">"].includes(operator)) {
    const value = tokens[at + 1];
    if (value === undefined || value === ",") return at + 1;
    if (/^[=!<>()]/.test(value)) expect(value, "identifier");
    checkValue(value, operator);
    return at + 2;
  }
  if (operator !== "in" && operator !== "notin") return expect(operator, "in, notin, =, ==, !=, gt, lt");
  if (tokens[at + 1] !== "(") expect(tokens[at + 1] ?? "", "'('");
  const end = tokens.indexOf(")", at);
  if (end < 0) return expect("", "',' or ')'");
  for (const value of tokens.slice(at + 2, end)) if (value !== ",") checkValue(value, operator);
  return end + 1;
}

function tokensOf(selector: string): readonly string[] {
  TOKEN.lastIndex = 0;
  const tokens: string[] = [];
  for (let match = TOKEN.exec(selector); match !== null; match = TOKEN.exec(selector)) tokens.push(match[1]!);
  return tokens;
}

function checkKey(key: string): void {
  const slash = key.lastIndexOf("/");
  const isValid = QUALIFIED_NAME.test(key.slice(slash + 1)) && (slash < 0 || PREFIX.test(key.slice(0, slash)));
  if (!isValid) refuse(`key: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters`);
}

function checkValue(value: string, operator: string): void {
  if (operator === "<" || operator === ">") {
    if (!/^-?[0-9]+$/.test(value)) {
      refuse(
        `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
  } else if (value !== "" && !QUALIFIED_NAME.test(value)) {
    refuse(
      `values[0]: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters`,
    );
  }
}

/** Checks of label and field selectors in the form of API requests. */
import { invalid } from "../invalid.js";
import { isLabelKey } from "./label-selector.js";

const VALUE = "(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?";
const SET = `\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\)`;
const KEY = "[A-Za-z0-9][A-Za-z0-9_./-]*";
const REQUIREMENT = new RegExp(
  `^\\s*(?:!\\s*(${KEY})|(${KEY})(?:\\s*(?:==|=|!=)\\s*${VALUE}|\\s*[<>]\\s*\\d+|\\s+(?:in|notin)\\s*${SET})?)\\s*$`,
);

export function checkSelectorText(selector: string): void {
  if (selector.trim() === "") return;
  for (const part of splitOutsideParentheses(selector)) {
    const match = REQUIREMENT.exec(part);
    const key = match?.[1] ?? match?.[2];
    if (key === undefined || !isLabelKey(key)) invalid(`label selector: cannot read "${part.trim()}"`);
  }
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    if (text[i] === ")") depth--;
    if (text[i] === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** `field=value,field!=value`; `\,`, `\=` and `\\` stand for themselves in a value. */
export function checkFieldSelector(selector: string): void {
  for (const term of selector.split(/(?<!\\),/)) {
    if (term === "") continue;
    const match = /^([^=!]*)(?:==|=|!=)((?:[^\\=,]|\\[\\=,])*)$/.exec(term);
    if (match === null) invalid(`field selector: cannot read "${term}"`);
  }
}

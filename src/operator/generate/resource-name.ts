/** Names of objects that are made from other names. */
import { xxHash64 } from "../../model/index.js";
import { invalid } from "./invalid.js";

/** The longest DNS label. */
const MAX_LENGTH = 63;
const HASH_LENGTH = 8;

function sanitize(prefix: string, name: string): string {
  const whole = prefix === "" ? name : `${prefix.replace(/-+$/, "")}-${name}`;
  return whole
    .toLowerCase()
    .replace(/[^-a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

function checked(name: string): string {
  return /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(name) ? name : invalid(`"${name}" cannot be the name of an object`);
}

/** A DNS label that is another one for each name, also where names are cut: it ends in a hash of the name. */
export function uniqueLabel(prefix: string, name: string): string {
  const hash = xxHash64(Buffer.from(name)).toString(16).slice(0, HASH_LENGTH);
  return checked(`${sanitize(prefix, name).slice(0, MAX_LENGTH - HASH_LENGTH - 1)}-${hash}`);
}

/** A DNS label, cut where it is too long. */
export function label(prefix: string, name: string): string {
  return checked(sanitize(prefix, name).slice(0, MAX_LENGTH));
}

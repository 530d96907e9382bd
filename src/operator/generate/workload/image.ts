/** References of container images. */
import { invalid } from "../invalid.js";
import { nonEmpty } from "../value.js";

export interface ImageParts {
  /** The whole reference, taken as it is. */
  readonly image?: string | undefined;
  readonly base: string;
  readonly version: string;
  readonly tag?: string | undefined;
  readonly sha?: string | undefined;
}

const REFERENCE =
  /^[A-Za-z0-9][A-Za-z0-9._:-]*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z0-9:]+)?$/;

/** A digest wins over a tag, a tag over a version. */
export function imageOf({ image, base, version, tag, sha }: ImageParts): string {
  const whole = image?.trim() === "" ? undefined : image;
  if (whole !== undefined) return whole;
  if (!REFERENCE.test(base)) invalid(`"${base}" is not the reference of an image`);
  if (/[:@]/.test(base.slice(base.lastIndexOf("/") + 1))) return base;
  const digest = nonEmpty(sha);
  const wanted = nonEmpty(tag);
  if (digest !== undefined) return `${base}@sha256:${digest}`;
  if (wanted !== undefined) return `${withRegistry(base)}:${wanted}`;
  return nonEmpty(version) === undefined ? invalid(`image ${base}: the version is missing`) : `${base}:${version}`;
}

/** A name without a registry is one of Docker's, which a tagged reference spells out. */
function withRegistry(name: string): string {
  const [first = "", ...rest] = name.split("/");
  if (rest.length > 0 && (/[.:]/.test(first) || first === "localhost")) return name;
  return rest.length === 0 ? `docker.io/library/${name}` : `docker.io/${name}`;
}

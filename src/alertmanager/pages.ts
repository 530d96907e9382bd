/**
 * Alertmanager's own pages: one document at `/`, and its assets. Every address in it is relative to its `<base>`; nothing comes
 * from elsewhere, no inline script runs, and a page of another origin cannot put it in a frame.
 */
import { type Answer, text } from "./api/answer.js";

export interface PageAsset {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The same, gzipped; undefined where that is no gain. */
  readonly gzip: Uint8Array | undefined;
}

/** What was built, held in memory. */
export interface PageFiles {
  /** With `__BASE__` where the answer puts its own. */
  readonly document: string;
  asset(name: string): PageAsset | undefined;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const NO_SNIFF = { "X-Content-Type-Options": "nosniff" };

/** @returns undefined where the path is of no page. `basePath` is that of the external URL, without a slash at its end. */
export function pageAnswer(
  path: string,
  acceptEncoding: string,
  files: PageFiles | undefined,
  basePath: string,
): Answer | undefined {
  if (path === "/") {
    if (files === undefined) return text("the pages are not built\n", 404);
    const base = basePath.replace(/[&<>"']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
    return {
      status: 200,
      type: "text/html; charset=utf-8",
      headers: {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        ...NO_SNIFF,
      },
      body: files.document.replaceAll("__BASE__", base),
    };
  }
  if (!path.startsWith("/assets/")) return undefined;
  const found = files?.asset(path.slice("/assets/".length));
  if (found === undefined) return undefined;
  const { type, bytes, gzip } = found;
  const isGzip = gzip !== undefined && /\bgzip\b/.test(acceptEncoding);
  return {
    status: 200,
    type,
    headers: {
      // The name has a hash of the content.
      "Cache-Control": "public, max-age=31536000, immutable",
      Vary: "Accept-Encoding",
      ...(isGzip && { "Content-Encoding": "gzip" }),
      ...NO_SNIFF,
    },
    body: Buffer.from(isGzip ? gzip : bytes),
  };
}

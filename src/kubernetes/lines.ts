/** Lines of a stream of bytes, bounded: a watch sends one JSON object a line, and a server that sends none must not fill memory. */
import { VestalError } from "../base/index.js";

/**
 * @param bytesMax  of one line; a longer one ends the stream with LINE_TOO_LONG.
 * @param onBytes   called for each part that arrives: the stream is alive.
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onBytes: () => void,
): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    onBytes();
    let begin = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, begin)) {
      parts.push(part.subarray(begin, end));
      begin = end + 1;
      const line = Buffer.concat(parts).toString("utf8");
      parts = [];
      bytes = 0;
      if (line !== "") yield line;
    }
    if (begin === part.length) continue;
    parts.push(part.subarray(begin));
    bytes += part.length - begin;
    if (bytes > bytesMax)
      throw new VestalError("LINE_TOO_LONG", `a line of the stream is longer than ${bytesMax} bytes`);
  }
  if (bytes > 0) yield Buffer.concat(parts).toString("utf8");
}

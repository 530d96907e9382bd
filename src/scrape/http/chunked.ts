/**
 * Undoes chunked transfer encoding in the buffer that the bytes were read into: payload moves down over the size lines,
 * so a body needs one buffer and, where a chunk is longer than one read, not even a move.
 *
 *   size in hex [; extension] CR LF   payload   CR LF   …   0 CR LF   [trailer lines]   CR LF
 *
 * Words of errors, the 4,096-byte line and the bound on overhead are Go's (net/http/internal/chunked.go).
 */

const LINE_BYTES_MAX = 4096;
const TRAILER_BYTES_MAX = 65_536;
/** Bytes of framing beyond 16 a chunk and twice the payload: a peer that sends more is not sending a body. */
const EXCESS_BYTES_MAX = 16 * 1024;

const SIZE = 0;
const PAYLOAD = 1;
const PAYLOAD_CR = 2;
const PAYLOAD_LF = 3;
const TRAILER = 4;
const FINISHED = 5;

const LF = 10;
const CR = 13;

export class ChunkedDecoder {
  /** Why the bytes are no chunked body, or undefined; nothing may be decoded after that. */
  error: string | undefined;
  /** Bytes of the last `decode` that lie behind the body's end. */
  surplusBytes = 0;
  readonly #line = new Uint8Array(LINE_BYTES_MAX);
  #lineBytes = 0;
  #state = SIZE;
  #remaining = 0;
  #excess = 0;
  #trailerBytes = 0;

  reset(): void {
    this.error = undefined;
    this.surplusBytes = 0;
    this.#lineBytes = 0;
    this.#state = SIZE;
    this.#remaining = 0;
    this.#excess = 0;
    this.#trailerBytes = 0;
  }

  get isFinished(): boolean {
    return this.#state === FINISHED;
  }

  /** What an end of the connection means now, where it is an error. */
  get endError(): string | undefined {
    if (this.#state === FINISHED) return undefined;
    return this.#state === TRAILER ? "http: unexpected EOF reading trailer" : "unexpected EOF";
  }

  /** Takes the `count` bytes at `from`, leaves their payload at `from`. Returns the payload's length. */
  decode(bytes: Uint8Array, from: number, count: number): number {
    const end = from + count;
    let read = from;
    let write = from;
    while (read < end && this.error === undefined && this.#state !== FINISHED) {
      switch (this.#state) {
        case SIZE:
        case TRAILER:
          read = this.#takeLine(bytes, read, end);
          break;
        case PAYLOAD: {
          const take = Math.min(this.#remaining, end - read);
          if (write !== read) bytes.copyWithin(write, read, read + take);
          write += take;
          read += take;
          this.#remaining -= take;
          if (this.#remaining === 0) this.#state = PAYLOAD_CR;
          break;
        }
        case PAYLOAD_CR:
          this.#expect(bytes[read++]!, CR, PAYLOAD_LF);
          break;
        default:
          this.#expect(bytes[read++]!, LF, SIZE);
      }
    }
    this.surplusBytes = end - read;
    return write - from;
  }

  #expect(byte: number, wanted: number, next: number): void {
    if (byte === wanted) this.#state = next;
    else this.error = "malformed chunked encoding";
  }

  /** Collects up to the line's end and then acts on it; returns the offset of the first byte not taken. */
  #takeLine(bytes: Uint8Array, from: number, end: number): number {
    let read = from;
    while (read < end) {
      const byte = bytes[read++]!;
      if (this.#lineBytes === LINE_BYTES_MAX) {
        this.error = "header line too long";
        return read;
      }
      this.#line[this.#lineBytes++] = byte;
      if (byte !== LF) continue;
      if (this.#state === SIZE) this.#endSizeLine();
      else this.#endTrailerLine();
      this.#lineBytes = 0;
      return read;
    }
    return read;
  }

  #endTrailerLine(): void {
    this.#trailerBytes += this.#lineBytes;
    if (this.#lineBytes === 1 || (this.#lineBytes === 2 && this.#line[0] === CR)) this.#state = FINISHED;
    else if (this.#trailerBytes > TRAILER_BYTES_MAX) this.error = "http: suspiciously long trailer after chunked body";
  }

  #endSizeLine(): void {
    const line = this.#line;
    if (this.#lineBytes < 2 || line[this.#lineBytes - 2] !== CR) {
      this.error = "chunked line ends with bare LF";
      return;
    }
    let length = this.#lineBytes - 2;
    while (length > 0 && (line[length - 1] === 32 || line[length - 1] === 9)) length--;
    const extension = line.subarray(0, length).indexOf(59);
    const digits = extension >= 0 ? extension : length;
    if (digits === 0) {
      this.error = "empty hex number for chunk length";
      return;
    }
    let size = 0;
    for (let i = 0; i < digits; i++) {
      const value = hexValue(line[i]!);
      if (value < 0) {
        this.error = "invalid byte in chunk length";
        return;
      }
      if (i === 16) {
        this.error = "http chunk length too large";
        return;
      }
      size = size * 16 + value;
    }
    this.#excess = Math.max(0, this.#excess + this.#lineBytes - 16 - 2 * size);
    if (this.#excess > EXCESS_BYTES_MAX) this.error = "chunked encoding contains too much non-data";
    this.#remaining = size;
    this.#state = size === 0 ? TRAILER : PAYLOAD;
  }
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

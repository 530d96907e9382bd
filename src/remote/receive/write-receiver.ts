/**
 * The receiver of remote write, 1.0 and 2.0: from a request's headers and body to its answer, in Prometheus' words. The
 * body goes to every shard as it is; this side decodes nothing.
 */
import { errorMessage, type Logger, VestalError } from "../../base/index.js";
import type { WriteOutcome, WriteRefusal, WriteVersion } from "../../tsdb/ingest/index.js";

/** Names of the messages as `--web.remote-write-receiver.accepted-protobuf-messages` and `proto=` have them. */
export const WRITE_MESSAGES: Readonly<Record<string, WriteVersion>> = {
  "prometheus.WriteRequest": 1,
  "io.prometheus.write.v2.Request": 2,
};

export interface RemoteRequest {
  /** Value of a header by its lower-case name, or "". */
  header(name: string): string;
  readonly body: Uint8Array;
}

export interface RemoteAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  readonly body?: string;
}

/** The shards' side. */
export interface ShardWriters {
  /**
   * Gives the body to every shard. Each answers with what it stored, or with why it could not; one that has no thread, or
   * does not answer in time, with such an error too.
   */
  write(version: WriteVersion, body: SharedArrayBuffer): Promise<readonly (WriteOutcome | VestalError)[]>;
}

export interface WriteReceiverOptions {
  /** Names of WRITE_MESSAGES. */
  readonly accepted: readonly string[];
  /** Requests, and bytes of compressed bodies, that the shards have not answered yet. */
  readonly pendingMax: number;
  /** Of a body when it is decompressed. */
  readonly decodedBytesMax: number;
  readonly pendingBytesMax: number;
}

export interface ReceiverCounters {
  invalidLabelSamples: number;
  withoutMetadataSamples: number;
}

const RETRY_AFTER: readonly [string, string] = ["Retry-After", "5"];
const MALFORMED_STATUS = { corrupt: 400, limit: 413 } as const;
const TEXT = "text/plain; charset=utf-8";
const NOSNIFF: readonly [string, string] = ["X-Content-Type-Options", "nosniff"];
const MEDIA_TYPE = "application/x-protobuf";

export class WriteReceiver {
  readonly counters: ReceiverCounters = { invalidLabelSamples: 0, withoutMetadataSamples: 0 };
  readonly #options: WriteReceiverOptions;
  readonly #shards: ShardWriters;
  readonly #log: Logger;
  #pending = 0;
  #pendingBytes = 0;

  constructor(options: WriteReceiverOptions, shards: ShardWriters, log: Logger) {
    this.#options = options;
    this.#shards = shards;
    this.#log = log;
  }

  async write(request: RemoteRequest): Promise<RemoteAnswer> {
    const negotiated = this.#negotiate(request);
    if (typeof negotiated === "string") return this.#refused(415, negotiated);
    const { decodedBytesMax } = this.#options;
    const { body } = request;
    const declared = snappyDecodedBytes(body);
    if (declared > decodedBytesMax) {
      return this.#refused(400, `snappy: decoded length ${declared} exceeds limit ${decodedBytesMax}`);
    }
    return this.withPending(body.length, () => {
      const shared = new SharedArrayBuffer(body.length);
      new Uint8Array(shared).set(body);
      return this.store(negotiated, shared);
    });
  }

  /** Gives a body to the shards, and says what they say. */
  async store(version: WriteVersion, body: SharedArrayBuffer): Promise<RemoteAnswer> {
    return this.#answer(version, await this.#shards.write(version, body));
  }

  /** Does `work` for a body of `bytes` bytes, unless too much is under way already. */
  async withPending(bytes: number, work: () => Promise<RemoteAnswer>): Promise<RemoteAnswer> {
    const { pendingMax, pendingBytesMax } = this.#options;
    if (this.#pending >= pendingMax || (this.#pending > 0 && this.#pendingBytes + bytes > pendingBytesMax)) {
      return this.#refused(503, "too many requests wait to be stored", [RETRY_AFTER]);
    }
    this.#pending++;
    this.#pendingBytes += bytes;
    try {
      return await work();
    } finally {
      this.#pending--;
      this.#pendingBytes -= bytes;
    }
  }

  /** The version of the message, or why it is not taken. */
  #negotiate({ header }: RemoteRequest): WriteVersion | string {
    const contentType = header("content-type").trim();
    const message = contentType === "" ? "prometheus.WriteRequest" : messageOf(contentType);
    if (typeof message !== "string") return message.problem;
    const version = WRITE_MESSAGES[message]!;
    const { accepted } = this.#options;
    if (!accepted.includes(message)) {
      return `${message} protobuf message is not accepted by this server; accepted [${accepted.join(" ")}]`;
    }
    const encoding = header("content-encoding");
    if (encoding !== "" && encoding.toLowerCase() !== "snappy") {
      return `${encoding} encoding (compression) is not accepted by this server; only snappy is acceptable`;
    }
    return version;
  }

  #answer(version: WriteVersion, answers: readonly (WriteOutcome | VestalError)[]): RemoteAnswer {
    const failure = answers.find((answer) => answer instanceof VestalError);
    if (failure !== undefined) return this.#failed(failure);
    const outcomes = answers as readonly WriteOutcome[];
    const first = outcomes[0]!;
    if (first.malformed !== undefined) {
      const { reason, message } = first.malformed;
      return this.#refused(MALFORMED_STATUS[reason], message);
    }
    this.counters.invalidLabelSamples += version === 1 ? first.invalidSeries : first.invalidSamples;
    const noMemory = outcomes.reduce((sum, outcome) => sum + outcome.noMemory, 0);
    const refusals = outcomes.flatMap((outcome) => outcome.refusals);
    const fatal = inOrder(refusals).find((refusal) => refusal.isFatal);
    if (fatal !== undefined) return this.#answerFatal(version, refusals, fatal);
    if (version === 1) return this.#answerV1(first.invalid, refusals, noMemory);
    return this.#answerV2(outcomes, [...first.invalid, ...refusals], noMemory);
  }

  /** Series with invalid labels are passed over with no more than a line in the log, as Prometheus does. */
  #answerV1(invalid: readonly WriteRefusal[], refusals: readonly WriteRefusal[], noMemory: number): RemoteAnswer {
    if (invalid.length > 0) {
      this.#log.warn("Invalid metric names or labels", { series: invalid.length, first: invalid[0]!.message });
    }
    const refused = inOrder(refusals)[0];
    if (refused !== undefined) return this.#refused(400, refused.message);
    return noMemory > 0 ? this.#full(noMemory) : { status: 204 };
  }

  #answerV2(outcomes: readonly WriteOutcome[], refusals: readonly WriteRefusal[], noMemory: number): RemoteAnswer {
    const headers = writtenHeaders(outcomes);
    if (refusals.length > 0) {
      const message = inOrder(refusals)
        .map((refusal) => refusal.message)
        .join("\n");
      return this.#refused(400, message, headers);
    }
    if (noMemory > 0) return this.#full(noMemory, [RETRY_AFTER, ...headers]);
    return { status: 204, headers };
  }

  /** A 1.0 request ends at its first refusal, a 2.0 request at the first that is fatal, with nothing written. */
  #answerFatal(version: WriteVersion, refusals: readonly WriteRefusal[], fatal: WriteRefusal): RemoteAnswer {
    if (version === 2) return this.#refused(500, fatal.message, writtenHeaders([]));
    const first = inOrder(refusals)[0]!;
    return this.#refused(first.isFatal ? 500 : 400, first.message);
  }

  /** Known series were stored: sending the request again stores nothing twice. */
  #full(series: number, headers: RemoteAnswer["headers"] = [RETRY_AFTER]): RemoteAnswer {
    const message = `${series} new series were refused: the head's memory or its limit of series is reached`;
    return this.#refused(503, message, headers);
  }

  #failed(error: VestalError): RemoteAnswer {
    const message = errorMessage(error);
    if (error.code.startsWith("WAL_")) return this.#refused(500, message);
    return this.#refused(503, message, [RETRY_AFTER]);
  }

  #refused(status: number, message: string, headers: RemoteAnswer["headers"] = []): RemoteAnswer {
    this.#log.debug("A remote write request was refused", { status, err: message });
    return { status, contentType: TEXT, headers: [...headers, NOSNIFF], body: `${message}\n` };
  }
}

/** What a block of snappy's says it has when it is decompressed; 0 if it says nothing that makes sense. */
function snappyDecodedBytes(body: Uint8Array): number {
  let bytes = 0;
  for (let i = 0; i < 5; i++) {
    const byte = body[i];
    if (byte === undefined) return 0;
    bytes += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return bytes < 2 ** 32 ? bytes : 0;
  }
  return 0;
}

function writtenHeaders(outcomes: readonly WriteOutcome[]): ReadonlyArray<readonly [string, string]> {
  const sum = (read: (outcome: WriteOutcome) => number): string =>
    String(outcomes.reduce((total, outcome) => total + read(outcome), 0));
  return [
    ["X-Prometheus-Remote-Write-Samples-Written", sum(({ samples }) => samples)],
    ["X-Prometheus-Remote-Write-Histograms-Written", sum(({ histograms }) => histograms)],
    ["X-Prometheus-Remote-Write-Exemplars-Written", sum(({ exemplars }) => exemplars)],
  ];
}

function inOrder(refusals: readonly WriteRefusal[]): WriteRefusal[] {
  return [...refusals].sort((a, b) => a.series - b.series);
}

/** Name of the message that a content type asks for. */
function messageOf(contentType: string): string | { readonly problem: string } {
  const [mediaType, ...parameters] = contentType.split(";");
  if (mediaType !== MEDIA_TYPE) {
    return { problem: `expected ${MEDIA_TYPE} as the first (media) part, got ${contentType} content-type` };
  }
  for (const parameter of parameters) {
    const pair = parameter.split("=");
    if (pair.length !== 2) {
      const rule = "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values";
      return { problem: `${rule}, got ${parameter} in ${contentType} content-type` };
    }
    const [name, value] = pair as [string, string];
    if (name !== "proto") continue;
    if (WRITE_MESSAGES[value] !== undefined) return value;
    const known = Object.keys(WRITE_MESSAGES).join(", ");
    const problem = `unknown remote write protobuf message ${value}, supported: ${known}`;
    return { problem: `got ${contentType} content type; ${problem}` };
  }
  return "prometheus.WriteRequest";
}

/** The receiver of OTLP metrics over HTTP: one shard's thread translates a request, then all store it as a written one. */
import { errorMessage, type Logger, VestalError } from "../../base/index.js";
import type { OtlpSettings } from "../otlp/index.js";
import type { RemoteAnswer, RemoteRequest, WriteReceiver } from "./write-receiver.js";

export interface OtlpTranslator {
  /**
   * Translates a body in a thread that has time for it.
   * @returns a `prometheus.WriteRequest` as a block of snappy's, or what is wrong.
   */
  translate(
    body: SharedArrayBuffer,
    options: {
      readonly format: "protobuf" | "json";
      readonly isGzip: boolean;
      readonly decodedBytesMax: number;
      readonly settings: OtlpSettings;
    },
  ): Promise<{ readonly request: SharedArrayBuffer; readonly problems: readonly string[] } | VestalError>;
}

export interface OtlpReceiverDeps {
  readonly writes: WriteReceiver;
  readonly translator: OtlpTranslator;
  /** Those in force. */
  readonly settings: () => OtlpSettings;
  readonly log: Logger;
}

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";

export class OtlpReceiver {
  readonly #decodedBytesMax: number;
  readonly #deps: OtlpReceiverDeps;

  constructor(decodedBytesMax: number, deps: OtlpReceiverDeps) {
    this.#decodedBytesMax = decodedBytesMax;
    this.#deps = deps;
  }

  async write({ header, body }: RemoteRequest): Promise<RemoteAnswer> {
    const contentType = header("content-type");
    if (contentType !== PROTOBUF && contentType !== JSON_TYPE) {
      return refused(400, `unsupported content type: ${contentType}, supported: [${JSON_TYPE}, ${PROTOBUF}]`);
    }
    const encoding = header("content-encoding");
    if (encoding !== "" && encoding !== "gzip") {
      return refused(400, `unsupported compression: ${encoding}. Only "gzip" or no compression supported`);
    }
    const { writes, translator, settings, log } = this.#deps;
    return writes.withPending(body.length, async () => {
      const shared = new SharedArrayBuffer(body.length);
      new Uint8Array(shared).set(body);
      const translated = await translator.translate(shared, {
        format: contentType === JSON_TYPE ? "json" : "protobuf",
        isGzip: encoding === "gzip",
        decodedBytesMax: this.#decodedBytesMax,
        settings: settings(),
      });
      if (translated instanceof VestalError) {
        if (translated.code.startsWith("SHARD_")) return refused(503, errorMessage(translated));
        return refused(translated.code === "DECODE_LIMIT" ? 413 : 400, errorMessage(translated));
      }
      const { request, problems } = translated;
      if (problems.length > 0) {
        log.warn("Error translating OTLP metrics to Prometheus write request", {
          err: problems.slice(0, 10).join("; "),
        });
      }
      const answer = await writes.store(1, request);
      return answer.status === 204 ? { status: 200, body: "" } : answer;
    });
  }
}

function refused(status: number, message: string): RemoteAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${message}\n` };
}

/** Which format `/federate` answers in, as Go's expfmt negotiates it: text 0.0.4, or delimited protobuf, which alone has histograms. */

export interface FederateFormat {
  readonly kind: "text" | "protobuf";
  /** Names that are no words of the classic format stay as they are; else underscores stand for what they may not have. */
  readonly allowsUtf8: boolean;
}

const PROTOBUF = "application/vnd.google.protobuf";
const MESSAGE = "io.prometheus.client.MetricFamily";

interface Accepted {
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

export function negotiateFederation(accept: string): FederateFormat {
  let allowsUtf8 = false;
  for (const { mediaType, parameters } of acceptedTypes(accept)) {
    // The escaping of a type that is not taken counts for those behind it too, as there.
    const escaping = parameters.get("escaping");
    if (escaping === "allow-utf-8" || escaping === "underscores") allowsUtf8 = escaping === "allow-utf-8";
    const isMessage = parameters.get("proto") === MESSAGE && parameters.get("encoding") === "delimited";
    if (mediaType === PROTOBUF && isMessage) return { kind: "protobuf", allowsUtf8 };
    if (mediaType === "text/plain" && ["", "0.0.4"].includes(parameters.get("version") ?? "")) break;
  }
  return { kind: "text", allowsUtf8 };
}

export function federateContentType({ kind, allowsUtf8 }: FederateFormat): string {
  const escaping = `escaping=${allowsUtf8 ? "allow-utf-8" : "underscores"}`;
  if (kind === "protobuf") return `${PROTOBUF}; proto=${MESSAGE}; encoding=delimited; ${escaping}`;
  return `text/plain; version=0.0.4; charset=utf-8; ${escaping}`;
}

function acceptedTypes(accept: string): Accepted[] {
  const types = accept.split(",").map((item): Accepted => {
    const [mediaType = "", ...rest] = item.split(";").map((part) => part.trim());
    const parameters = new Map<string, string>();
    for (const part of rest) {
      const equals = part.indexOf("=");
      if (equals > 0) parameters.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
    }
    const quality = Number(parameters.get("q") ?? 1);
    return { mediaType, parameters, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return types.sort((a, b) => b.quality - a.quality);
}

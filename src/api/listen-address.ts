/** `--web.listen-address`: "host:port", ":port", "[::1]:port". */
import { VestalError } from "../base/index.js";

export interface ListenAddress {
  /** "" is every address of the machine, IPv4 and IPv6. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** @throws VestalError LISTEN_ADDRESS with what is wrong, in Go's words where it has some. */
export function parseListenAddress(source: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(source);
  if (match === null) {
    const reason = !source.includes(":")
      ? "missing port in address"
      : /^[^[]*:.*:/.test(source)
        ? "too many colons in address"
        : "missing port in address";
    throw new VestalError("LISTEN_ADDRESS", `address ${source}: ${reason}`, { address: source });
  }
  const port = Number(match[3]);
  if (!/^[0-9]+$/.test(match[3]!) || port > 65535) {
    throw new VestalError("LISTEN_ADDRESS", `address ${source}: invalid port ${JSON.stringify(match[3])}`, {
      address: source,
    });
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

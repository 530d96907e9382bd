/** Who a request is from, for what services do with it. */
import type { QueryClient } from "./deps.js";
import type { ApiRequest } from "./types.js";

export function clientOf({ remoteAddress, method, path }: ApiRequest): { readonly client?: QueryClient } {
  return remoteAddress === "" ? {} : { client: { address: plainAddress(remoteAddress), method, path } };
}

/** As Go writes addresses: the library gives IPv6 ones in full, and IPv4 ones of sockets that take both as such. */
function plainAddress(address: string): string {
  const mapped = /^(?:0000:){5}ffff:(\w\w)(\w\w):(\w\w)(\w\w)$/.exec(address);
  if (mapped !== null)
    return mapped
      .slice(1)
      .map((byte) => Number.parseInt(byte, 16))
      .join(".");
  return address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

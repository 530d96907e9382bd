/** Who a request is from, for what services do with it. */
import type { QueryClient } from "./deps.js";
import type { ApiRequest } from "./types.js";

/** Clients ask again and again; an address is not read each time. */
const ADDRESSES_KEPT = 1000;
const plainAddresses = new Map<string, string>();

export function clientOf({ remoteAddress, method, path }: ApiRequest): { readonly client?: QueryClient } {
  return remoteAddress === "" ? {} : { client: { address: plainAddress(remoteAddress), method, path } };
}

function plainAddress(address: string): string {
  let plain = plainAddresses.get(address);
  if (plain === undefined) {
    plain = parseAddress(address);
    if (plainAddresses.size >= ADDRESSES_KEPT) plainAddresses.clear();
    plainAddresses.set(address, plain);
  }
  return plain;
}

/** As Go writes addresses: the library gives IPv6 ones in full, and IPv4 ones of sockets that take both as such. */
function parseAddress(address: string): string {
  const mapped = /^(?:0000:){5}ffff:(\w\w)(\w\w):(\w\w)(\w\w)$/.exec(address);
  if (mapped !== null)
    return mapped
      .slice(1)
      .map((byte) => Number.parseInt(byte, 16))
      .join(".");
  return address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/**
 * Whether a browser asks on behalf of another site's page. Routes that change something and need no secret of the client refuse that: a
 * page that somebody happens to open must not silence alerts. Clients that are no browsers send none of these headers.
 */
import type { ApiRequest } from "./types.js";

export function isCrossSite(request: Pick<ApiRequest, "header">, externalUrl: URL): boolean {
  // Browsers set it themselves; pages cannot.
  const site = request.header("sec-fetch-site");
  if (site !== "") return site !== "same-origin" && site !== "none";
  const origin = request.header("origin");
  if (origin === "") return false;
  const host = URL.canParse(origin) ? new URL(origin).host : "";
  return host === "" || (host !== request.header("host").toLowerCase() && host !== externalUrl.host);
}

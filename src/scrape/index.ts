export { type BodyFormat, chooseFormat, type FormatChoice } from "./content-type.js";
export {
  BODY_BYTES_MAX_DEFAULT,
  type ClientContext,
  createClientContext,
  type FetchResult,
  TargetClient,
} from "./http/client.js";
export type { BodyBuffers } from "./http/connection.js";
export { acceptHeader, type ScrapeUrl, scrapeUrl } from "./http/request.js";
export {
  DEFAULT_SCRAPE_PROTOCOLS,
  DEFAULT_TRANSPORT,
  type ProxyOptions,
  type ScrapeProtocol,
  type TlsOptions,
  type TransportOptions,
} from "./http/transport.js";

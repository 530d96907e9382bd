export { type BodyFormat, chooseFormat, type FormatChoice } from "./content-type.js";
export { createCounters, type IntervalLengths, type ScrapeCounters } from "./counters.js";
export {
  DEFAULT_ENGINE_OPTIONS,
  type Fetcher,
  ScrapeEngine,
  type ScrapeEngineDeps,
  type ScrapeEngineOptions,
} from "./engine.js";
export {
  type ClientContext,
  createClientContext,
  type FetchResult,
  TargetClient,
} from "./http/client.js";
export type { BodyBuffers } from "./http/connection.js";
export { readAuthorization } from "./http/credentials.js";
export { type ScrapeUrl, scrapeUrl } from "./http/request.js";
export {
  type CredentialSources,
  DEFAULT_SCRAPE_PROTOCOLS,
  DEFAULT_TRANSPORT,
  type ProxyOptions,
  type ScrapeProtocol,
  type TlsOptions,
  type TransportOptions,
} from "./http/transport.js";
export {
  DEFAULT_JOB_HISTOGRAMS,
  type JobHistograms,
  type MetadataSize,
  type ScrapeJob,
  type TargetHealth,
  type TargetSpec,
  type TargetStatus,
} from "./target.js";

export { ReadClient, type ReadEndpoint, type ReadExchange } from "./client.js";
export { RemoteQuerier, type RemoteQuerierDeps } from "./remote-querier.js";

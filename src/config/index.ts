export { refuseForAgent } from "./agent.js";
export { explain } from "./explain.js";
export { type ConfigFiles, diskFiles, expandGlob, joinFolder } from "./files.js";
export { readHttpClientConfig } from "./http-file.js";
export { type LoadedConfig, type LoadOptions, loadConfig } from "./load.js";
export { type PlacedProblem, type ReadOptions, readText } from "./read.js";
export { renderConfig } from "./render.js";
export { targetGroupsShape } from "./schema/discovery.js";
export type { ConfigDocument } from "./schema/root.js";
export type { EscapingScheme, ScrapeProtocol } from "./schema/scrape.js";
export {
  bool,
  duration,
  type Field,
  field,
  float,
  int,
  list,
  map,
  pointer,
  type Shape,
  struct,
  text,
} from "./shape.js";
export * from "./types.js";

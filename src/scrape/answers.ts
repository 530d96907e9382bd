/** The engine's side of the messages that concern scraping: differences in, status and metadata out. */
import type {
  MetadataMessage,
  MetadataRequest,
  StatusMessage,
  TargetMetadata,
  TargetsMessage,
} from "../shard/messages.js";
import type { ScrapeEngine } from "./engine.js";

/** Jobs come before the targets that name them; a target that moved to another job of the same name is not dropped. */
export function applyTargets(engine: ScrapeEngine, message: TargetsMessage): void {
  for (const name of message.removedJobs) engine.removeJob(name);
  for (const job of message.setJobs) engine.setJob(job);
  for (const key of message.removedTargets) engine.removeTarget(key);
  for (const spec of message.setTargets) engine.setTarget(spec);
}

export function answerCollect(engine: ScrapeEngine, id: number): StatusMessage {
  const targets = engine.statuses();
  let metadataEntries = 0;
  let metadataBytes = 0;
  for (const { key } of targets) {
    for (const { metric, type, help, unit } of engine.metadata(key) ?? []) {
      metadataEntries++;
      metadataBytes += metric.length + type.length + help.length + unit.length;
    }
  }
  const counters = engine.counters();
  return {
    type: "status",
    id,
    targets,
    counters,
    intervalLengths: engine.intervalLengths(),
    metadataEntries,
    metadataBytes,
  };
}

export function answerMetadata(engine: ScrapeEngine, request: MetadataRequest): MetadataMessage {
  const keys = request.targets.length > 0 ? request.targets : engine.statuses().map(({ key }) => key);
  const targets: TargetMetadata[] = [];
  let room = request.limit;
  for (const key of keys) {
    if (room <= 0) break;
    const known = engine.metadata(key) ?? [];
    const metadata = known.filter(({ metric }) => request.metric === "" || metric === request.metric).slice(0, room);
    if (metadata.length > 0) targets.push({ key, metadata });
    room -= metadata.length;
  }
  return { type: "metadata", id: request.id, targets };
}

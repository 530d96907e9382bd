/** The stages that hold notifications back: inhibition, time intervals, silences. */
import { VestalError } from "../../base/index.js";
import { containsTime, type TimeIntervalSection } from "../config/time-interval.js";
import type { GroupMarkers } from "../group-markers.js";
import type { Inhibitor } from "../inhibitor.js";
import type { NanoClock } from "../now.js";
import type { Silences } from "../silences.js";
import type { Stage } from "./context.js";

export type SuppressedReason = "silence" | "inhibition" | "mute_time_interval" | "active_time_interval";

export interface MuteOptions {
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly intervals: ReadonlyMap<string, readonly TimeIntervalSection[]>;
  readonly markers: GroupMarkers;
  readonly now: NanoClock;
  readonly onSuppressed: (reason: SuppressedReason, count: number) => void;
}

export function inhibitStage({ inhibitor, now, onSuppressed }: MuteOptions): Stage {
  return async (_, alerts) => {
    const nowNano = now.nano();
    const left = alerts.filter(({ labels }) => inhibitor.inhibitedBy(labels, nowNano).length === 0);
    if (left.length < alerts.length) onSuppressed("inhibition", alerts.length - left.length);
    return left;
  };
}

export function silenceStage({ silences, onSuppressed }: MuteOptions): Stage {
  return async (_, alerts) => {
    const left = alerts.filter(({ labels, fingerprint }) => silences.silencedBy(labels, fingerprint).length === 0);
    if (left.length < alerts.length) onSuppressed("silence", alerts.length - left.length);
    return left;
  };
}

/** The names of the intervals that an instant is in. */
function inIntervals(options: MuteOptions, names: readonly string[], nowNano: bigint): readonly string[] {
  return names.filter((name) => {
    const intervals = options.intervals.get(name);
    if (intervals === undefined) throw new VestalError("CONFIG", `time interval ${name} doesn't exist in config`);
    return intervals.some((interval) => containsTime(interval, Number(nowNano / 1_000_000n)));
  });
}

export function timeActiveStage(options: MuteOptions): Stage {
  return async ({ routeId, groupKey, activeTimeIntervals, nowNano }, alerts) => {
    const isActive = activeTimeIntervals.length === 0 || inIntervals(options, activeTimeIntervals, nowNano).length > 0;
    options.markers.set(routeId, groupKey, isActive ? [] : activeTimeIntervals);
    if (isActive) return alerts;
    options.onSuppressed("active_time_interval", alerts.length);
    return [];
  };
}

export function timeMuteStage(options: MuteOptions): Stage {
  return async ({ routeId, groupKey, muteTimeIntervals, nowNano }, alerts) => {
    const mutedBy = inIntervals(options, muteTimeIntervals, nowNano);
    options.markers.set(routeId, groupKey, mutedBy);
    if (mutedBy.length === 0) return alerts;
    options.onSuppressed("mute_time_interval", alerts.length);
    return [];
  };
}

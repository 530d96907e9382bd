/** What a notification's templates see: Alertmanager's template.Data, and its form in JSON. */

import { compareBytes } from "../model/index.js";
import {
  fn,
  formatRfc3339,
  type GoFunction,
  GoMap,
  GoSlice,
  GoStruct,
  type GoTime,
  type GoValue,
  type Value,
} from "../template/index.js";
import { ALERT_NAME, type Alert } from "./alert.js";
import type { LabelSet } from "./labels.js";

export interface AlertData {
  readonly status: "firing" | "resolved";
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly generatorUrl: string;
  readonly fingerprint: string;
}

export interface NotificationData {
  readonly receiver: string;
  readonly status: "firing" | "resolved";
  readonly alerts: readonly AlertData[];
  readonly reason: string;
  readonly groupLabels: LabelSet;
  readonly commonLabels: LabelSet;
  readonly commonAnnotations: LabelSet;
  readonly externalUrl: string;
}

export function notificationData(
  receiver: string,
  groupLabels: LabelSet,
  reason: string,
  externalUrl: string,
  alerts: readonly Alert[],
  nowNano: bigint,
): NotificationData {
  const data = alerts.map((alert): AlertData => {
    const shown = alert.shownAt(nowNano);
    return {
      status: alert.resolvedAt(nowNano) ? "resolved" : "firing",
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: shown.startsAt,
      endsAt: shown.endsAt,
      generatorUrl: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    };
  });
  return {
    receiver: receiver.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"),
    status: data.some(({ status }) => status === "firing") ? "firing" : "resolved",
    alerts: data,
    reason,
    groupLabels,
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    externalUrl,
  };
}

function common(sets: readonly LabelSet[]): LabelSet {
  const [first, ...others] = sets;
  return new Map([...(first ?? [])].filter(([name, value]) => others.every((other) => other.get(name) === value)));
}

// The value that templates see.

const STRINGS = "template.Strings";

function strings(items: readonly string[]): GoSlice {
  return new GoSlice(items, {
    typeName: STRINGS,
    underlying: "[]string",
    methods: { Join: (self) => fn(["string"], (separator: string) => self.items.join(separator)) },
  });
}

function sortedPairs(labels: ReadonlyMap<string, Value>): readonly (readonly [string, string])[] {
  const order = ([a]: readonly [string, Value], [b]: readonly [string, Value]): number =>
    a === ALERT_NAME ? -1 : b === ALERT_NAME ? 1 : compareBytes(a, b);
  return [...labels].sort(order).map(([name, value]) => [name, String(value)] as const);
}

function pairsText(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join(", ");
}

function pairs(list: readonly (readonly [string, string])[]): GoSlice {
  const items = list.map(
    ([name, value]) =>
      new GoStruct(
        "template.Pair",
        new Map<string, Value>([
          ["Name", name],
          ["Value", value],
        ]),
      ),
  );
  return new GoSlice(items, {
    typeName: "template.Pairs",
    underlying: "[]template.Pair",
    methods: {
      Names: () => fn([], () => strings(list.map(([name]) => name))),
      Values: () => fn([], () => strings(list.map(([, value]) => value))),
      String: () => fn([], () => pairsText(list)),
    },
    toText: () => pairsText(list),
  });
}

export function keyValues(labels: ReadonlyMap<string, Value>): GoMap {
  return new GoMap(labels, {
    typeName: "template.KV",
    underlying: "map[string]string",
    methods: {
      SortedPairs: (self) => fn([], () => pairs(sortedPairs(self.entries))),
      Names: (self) => fn([], () => strings(sortedPairs(self.entries).map(([name]) => name))),
      Values: (self) => fn([], () => strings(sortedPairs(self.entries).map(([, value]) => value))),
      Remove: (self) =>
        fn(["[]string"], (names: GoSlice | undefined) => {
          const removed = new Set(names?.items);
          return keyValues(new Map([...self.entries].filter(([name]) => !removed.has(name))));
        }),
      String: (self) => fn([], () => pairsText(sortedPairs(self.entries))),
    },
    toText: (self) => pairsText(sortedPairs(self.entries)),
  });
}

function alertValue(alert: AlertData): GoStruct {
  return new GoStruct(
    "template.Alert",
    new Map<string, Value>([
      ["Status", alert.status],
      ["Labels", keyValues(alert.labels)],
      ["Annotations", keyValues(alert.annotations)],
      ["StartsAt", alert.startsAt],
      ["EndsAt", alert.endsAt],
      ["GeneratorURL", alert.generatorUrl],
      ["Fingerprint", alert.fingerprint],
    ]),
  );
}

function alertsValue(items: readonly GoStruct[]): GoSlice {
  const only = (status: string): GoFunction =>
    fn(
      [],
      () =>
        new GoSlice(
          items.filter((item) => item.fields.get("Status") === status),
          "[]template.Alert",
        ),
    );
  return new GoSlice(items, {
    typeName: "template.Alerts",
    underlying: "[]template.Alert",
    methods: { Firing: () => only("firing"), Resolved: () => only("resolved") },
  });
}

export function dataValue(data: NotificationData): GoValue {
  return new GoStruct(
    "*template.Data",
    new Map<string, Value>([
      ["Receiver", data.receiver],
      ["Status", data.status],
      ["Alerts", alertsValue(data.alerts.map(alertValue))],
      ["NotificationReason", data.reason],
      ["GroupLabels", keyValues(data.groupLabels)],
      ["CommonLabels", keyValues(data.commonLabels)],
      ["CommonAnnotations", keyValues(data.commonAnnotations)],
      ["ExternalURL", data.externalUrl],
    ]),
  );
}

// JSON.

const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;

/** A string of JSON as Go writes it. */
export function stringJson(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : goJson(value);
}

/** A map of JSON, in the order of its bytes. */
export function mapJson(map: ReadonlyMap<string, string>): string {
  let written = "";
  for (const [name, value] of map) {
    written += `${written === "" ? "{" : ","}${stringJson(name)}:${stringJson(value)}`;
  }
  return written === "" ? "{}" : `${written}}`;
}

function alertJson(alert: AlertData): string {
  return (
    `{"status":"${alert.status}","labels":${mapJson(alert.labels)},"annotations":${mapJson(alert.annotations)},` +
    `"startsAt":"${formatRfc3339(alert.startsAt)}","endsAt":"${formatRfc3339(alert.endsAt)}",` +
    `"generatorURL":${stringJson(alert.generatorUrl)},"fingerprint":"${alert.fingerprint}"}`
  );
}

/** The message of a webhook without a payload of its own. */
export function webhookJson(
  data: NotificationData,
  more: { readonly version: string; readonly groupKey: string; readonly truncatedAlerts: number },
): string {
  const { version, groupKey, truncatedAlerts } = more;
  return (
    `{"receiver":${stringJson(data.receiver)},"status":"${data.status}",` +
    `"alerts":[${data.alerts.map(alertJson).join(",")}],"notification_reason":${stringJson(data.reason)},` +
    `"groupLabels":${mapJson(data.groupLabels)},"commonLabels":${mapJson(data.commonLabels)},` +
    `"commonAnnotations":${mapJson(data.commonAnnotations)},"externalURL":${stringJson(data.externalUrl)},` +
    `"version":"${version}","groupKey":${stringJson(groupKey)},"truncatedAlerts":${truncatedAlerts}}`
  );
}

/** As Go's encoding/json: `<`, `>` and `&` as escapes, which keeps the text harmless in HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

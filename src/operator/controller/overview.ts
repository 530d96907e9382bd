/**
 * The cluster as the operator sees it, for people: workload objects with their state, and for each monitor, probe, rule or
 * configuration who selects it and whether it is accepted. Everything is read from caches; no request is made.
 */
import { selectorText } from "../generate/prometheus/label-selector.js";
import type { BindingWriter, Verdicts } from "./bindings.js";
import type { NamespaceView } from "./namespaces.js";
import type { ControllerView } from "./operator.js";
import type { SetOf, WorkloadObject } from "./reconciler.js";
import { workloadOf } from "./reconciler.js";
import type { Resource } from "./resources.js";
import { type AnyResource, isSelected, keyOfObject, type Selector } from "./selection.js";
import type { Condition } from "./status.js";

export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface WorkloadView extends ObjectName {
  readonly isPaused: boolean;
  readonly isBeingDeleted: boolean;
  readonly generation: number;
  /** Of the status, as it was written last. */
  readonly conditions: readonly Partial<Condition>[];
  readonly reconciliation: {
    /** A change is not worked off yet. */
    readonly isWaiting: boolean;
    /** RFC 3339; absent before the first. */
    readonly lastAt?: string;
    readonly generation?: number;
    /** Why the last one failed. */
    readonly error?: string;
    /** What there is to say of one that did not. */
    readonly note?: string;
  };
  readonly sets: readonly SetView[];
  readonly selects: readonly SelectionView[];
}

/** A StatefulSet or DaemonSet. */
export interface SetView extends ObjectName {
  readonly isThere: boolean;
  readonly wanted: number;
  readonly ready: number;
  readonly updated: number;
}

export interface SelectionView {
  readonly kind: string;
  /** Selectors as text; "" selects all. Absent where there is none: nothing is selected, or the own namespace only. */
  readonly labels?: string;
  readonly namespaces?: string;
  readonly accepted: number;
  readonly rejected: number;
}

/** `pending` is selected and not looked at yet. */
export type SelectionState = "accepted" | "rejected" | "pending";

export interface SelectedView extends ObjectName {
  /** Of all workloads together: `unselected` where there is none, else the worst. */
  readonly state: SelectionState | "unselected";
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly workloads: readonly SelectedBy[];
}

/** A workload that selects an object. */
export interface SelectedBy extends ObjectName {
  readonly state: SelectionState;
  /** Why it is rejected. */
  readonly reason?: string;
}

export interface OverviewSources {
  readonly views: readonly ControllerView[];
  readonly bindings: Pick<BindingWriter, "verdictsOf">;
  readonly namespaces: NamespaceView;
}

/** Objects that other operators look after are left out. */
export function workloadViews(sources: OverviewSources): readonly WorkloadView[] {
  return sources.views.flatMap((view) => {
    const { objects } = view.controller;
    return objects.list().flatMap((object) => (view.isOurs(object) ? [workloadView(sources, view, object)] : []));
  });
}

function workloadView(sources: OverviewSources, view: ControllerView, object: WorkloadObject): WorkloadView {
  const { controller, isWaiting } = view;
  const key = keyOfObject(object);
  const { metadata, spec, status } = object;
  const run = controller.reconciler.lastRun(key);
  const verdicts = sources.bindings.verdictsOf(workloadOf(controller.resource, key));
  const selectors = controller.selectors(object);
  return {
    kind: controller.resource.kind,
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    isPaused: spec?.paused ?? false,
    isBeingDeleted: metadata?.deletionTimestamp !== undefined,
    generation: metadata?.generation ?? 0,
    conditions: (status?.conditions ?? []) as readonly Partial<Condition>[],
    reconciliation: {
      isWaiting: isWaiting(key),
      ...(run !== undefined && { lastAt: new Date(run.atMs).toISOString(), generation: run.generation }),
      ...(run?.error !== undefined && { error: run.error }),
      ...(run?.note !== undefined && { note: run.note.message }),
    },
    sets: controller.setsOf(object).map(setView),
    selects: controller.selected.flatMap(({ of }) => {
      const selector = selectors.get(of.plural);
      return selector === undefined ? [] : [selectionView(of, selector, verdicts?.get(of.plural))];
    }),
  };
}

function setView({ kind, key, set }: SetOf): SetView {
  const [namespace = "", name = ""] = key.split("/");
  const { replicas } = (set?.["spec"] ?? {}) as { readonly replicas?: number };
  const count = (...fields: readonly string[]): number => {
    const status = (set?.["status"] ?? {}) as Readonly<Record<string, number>>;
    return fields.map((field) => status[field]).find((value) => value !== undefined) ?? 0;
  };
  return {
    kind,
    namespace,
    name,
    isThere: set !== undefined,
    wanted: kind === "DaemonSet" ? count("desiredNumberScheduled") : (replicas ?? 1),
    ready: count("readyReplicas", "numberReady"),
    updated: count("updatedReplicas", "updatedNumberScheduled"),
  };
}

function selectionView({ kind }: Resource, { labels, namespaces }: Selector, verdicts?: Verdicts): SelectionView {
  const all = [...(verdicts?.values() ?? [])];
  const rejected = all.filter((reason) => reason !== undefined).length;
  return {
    kind,
    ...(labels !== undefined && { labels: textOf(labels) }),
    ...(namespaces !== undefined && { namespaces: textOf(namespaces) }),
    accepted: all.length - rejected,
    rejected,
  };
}

/** A selector that the API server let pass may still not be one. */
function textOf(selector: NonNullable<Selector["labels"]>): string {
  try {
    return selectorText(selector);
  } catch {
    return JSON.stringify(selector);
  }
}

/** Of one kind or of all, in the order of kind, namespace and name. */
export function selectedViews(sources: OverviewSources, kind: string | undefined): readonly SelectedView[] {
  const kinds = new Map<string, { readonly of: Resource; readonly views: ControllerView[] }>();
  for (const view of sources.views) {
    for (const { of } of view.controller.selected) {
      if (kind !== undefined && of.kind !== kind) continue;
      const known = kinds.get(of.plural) ?? { of, views: [] };
      known.views.push(view);
      kinds.set(of.plural, known);
    }
  }
  return [...kinds.values()].flatMap(({ of, views }) => viewsOfKind(sources, of, views));
}

interface Selecting {
  readonly name: ObjectName;
  readonly object: WorkloadObject;
  readonly by: Selector;
  readonly verdicts: Verdicts | undefined;
}

function viewsOfKind(sources: OverviewSources, of: Resource, views: readonly ControllerView[]): SelectedView[] {
  const selecting: Selecting[] = views.flatMap(({ controller, isOurs }) =>
    controller.objects.list().flatMap((object) => {
      const by = controller.selectors(object).get(of.plural);
      if (by === undefined || !isOurs(object)) return [];
      const workload = workloadOf(controller.resource, keyOfObject(object));
      const name = { kind: controller.resource.kind, namespace: workload.namespace, name: workload.name };
      return [{ name, object, by, verdicts: sources.bindings.verdictsOf(workload)?.get(of.plural) }];
    }),
  );
  const cache = views[0]?.controller.selected.find((each) => each.of.plural === of.plural)?.cache;
  return (cache?.list() ?? []).map((object) => {
    const key = keyOfObject(object);
    const workloads = selecting.flatMap((each) => selectedBy(each, object, key, sources.namespaces));
    const { metadata } = object;
    const worst = (["rejected", "pending", "accepted"] as const).find((state) =>
      workloads.some((each) => each.state === state),
    );
    return {
      kind: of.kind,
      namespace: metadata?.namespace ?? "",
      name: metadata?.name ?? "",
      state: worst ?? "unselected",
      generation: metadata?.generation ?? 0,
      labels: metadata?.labels ?? {},
      workloads,
    };
  });
}

/** One or none. */
function selectedBy(
  { name, object: owner, by, verdicts }: Selecting,
  object: AnyResource,
  key: string,
  namespaces: NamespaceView,
): readonly SelectedBy[] {
  if (verdicts?.has(key) === true) {
    const reason = verdicts.get(key);
    return [reason === undefined ? { ...name, state: "accepted" } : { ...name, state: "rejected", reason }];
  }
  return isSelected(object, by, owner, namespaces) ? [{ ...name, state: "pending" }] : [];
}

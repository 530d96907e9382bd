/**
 * One role in one namespace (or in all of them): which events of which objects make a target group be built again. Where
 * Prometheus looks away (roles endpoints and endpointslice ignore most changes of pods), so do we: targets change at the
 * same moments in both.
 */
import type { Timers } from "../../base/index.js";
import type { InformerHandlers } from "../../kubernetes/index.js";
import type { TargetGroup } from "../messages.js";
import type { EndpointSlice, Endpoints, Node, Pod, Reference, Service } from "./objects.js";
import type { Surroundings } from "./roles.js";

/** What an informer shows to a watch. */
export interface Store<T> {
  readonly store: ReadonlyMap<string, T>;
  addHandlers(handlers: InformerHandlers<T>): () => void;
}

export type WatchedEvent = "add" | "update" | "delete";

export interface WatchDeps {
  readonly timers: Timers;
  readonly onGroups: (groups: readonly TargetGroup[]) => void;
  readonly onEvent: (event: WatchedEvent) => void;
}

/** The objects beside the role's own that it looks at; undefined where it does not. */
export interface SideStores {
  readonly pods?: Store<Pod>;
  readonly services?: Store<Service>;
  readonly nodes?: Store<Node>;
}

export interface RoleRules<T> {
  readonly build: (source: string, object: T, around: Surroundings) => TargetGroup;
  /** First part of a group's source. */
  readonly prefix: string;
  /** Keys of pods whose arrival or change of phase builds the object's group again. */
  readonly podsOf?: (object: T) => readonly string[];
  /** Names of nodes whose change does. */
  readonly nodesOf?: (object: T) => readonly string[];
  /** The service that the object belongs to. */
  readonly serviceOf?: (object: T) => string | undefined;
}

/** Objects by what they refer to. */
class References {
  readonly #users = new Map<string, Set<string>>();

  change(key: string, before: readonly string[], after: readonly string[]): void {
    for (const name of before) {
      const users = this.#users.get(name);
      users?.delete(key);
      if (users?.size === 0) this.#users.delete(name);
    }
    for (const name of after) {
      const users = this.#users.get(name);
      if (users === undefined) this.#users.set(name, new Set([key]));
      else users.add(key);
    }
  }

  of(name: string): Iterable<string> {
    return this.#users.get(name) ?? [];
  }
}

export class RoleWatch<T extends { readonly meta: { readonly namespace: string; readonly name: string } }> {
  readonly #rules: RoleRules<T>;
  readonly #own: Store<T>;
  readonly #side: SideStores;
  readonly #deps: WatchDeps;
  readonly #around: Surroundings;
  readonly #groups = new Map<string, TargetGroup>();
  readonly #pending = new Set<string>();
  readonly #byPod = new References();
  readonly #byNode = new References();
  readonly #byService = new References();
  readonly #removers: (() => void)[] = [];
  #unsynced = 0;
  #stopFlush: (() => void) | undefined;

  constructor(rules: RoleRules<T>, own: Store<T>, side: SideStores, deps: WatchDeps) {
    this.#rules = rules;
    this.#own = own;
    this.#side = side;
    this.#deps = deps;
    this.#around = {
      pod: (key) => side.pods?.store.get(key),
      service: (key) => side.services?.store.get(key),
      node: (name) => side.nodes?.store.get(name),
    };
  }

  get groups(): readonly TargetGroup[] {
    return [...this.#groups.values()];
  }

  start(): void {
    const { pods, services, nodes } = this.#side;
    this.#unsynced = 1 + [pods, services, nodes].filter((store) => store !== undefined).length;
    const onSynced = (): void => {
      this.#unsynced--;
      this.#flushSoon();
    };
    this.#removers.push(
      this.#own.addHandlers({
        onAdd: (object) => this.#changed("add", undefined, object),
        onUpdate: (before, after) => this.#changed("update", before, after),
        onDelete: (object) => this.#changed("delete", object, undefined),
        onSynced,
      }),
    );
    if (services !== undefined) {
      const build = ({ meta }: Service): void => this.#buildAll(this.#byService.of(`${meta.namespace}/${meta.name}`));
      const handlers = {
        onAdd: build,
        onUpdate: (_: Service, after: Service) => build(after),
        onDelete: build,
        onSynced,
      };
      this.#removers.push(services.addHandlers(handlers));
    }
    if (pods !== undefined) {
      const build = ({ meta }: Pod): void => this.#buildAll(this.#byPod.of(`${meta.namespace}/${meta.name}`));
      const onUpdate = (before: Pod, after: Pod): void => {
        if (before.phase !== after.phase) build(after);
      };
      this.#removers.push(pods.addHandlers({ onAdd: build, onUpdate, onSynced }));
    }
    if (nodes !== undefined) {
      const build = ({ meta }: Node): void => this.#buildAll(this.#byNode.of(meta.name));
      const handlers = { onAdd: build, onUpdate: (_: Node, after: Node) => build(after), onDelete: build, onSynced };
      this.#removers.push(nodes.addHandlers(handlers));
    }
  }

  stop(): void {
    this.#stopFlush?.();
    for (const remove of this.#removers) remove();
  }

  #changed(event: WatchedEvent, before: T | undefined, after: T | undefined): void {
    this.#deps.onEvent(event);
    const { meta } = (after ?? before)!;
    const key = meta.namespace === "" ? meta.name : `${meta.namespace}/${meta.name}`;
    const { podsOf, nodesOf, serviceOf } = this.#rules;
    const none: readonly string[] = [];
    const service = (object: T): readonly string[] => {
      const name = serviceOf?.(object);
      return name === undefined ? none : [`${object.meta.namespace}/${name}`];
    };
    const change = (references: References, of: ((object: T) => readonly string[]) | undefined): void => {
      if (of !== undefined) references.change(key, before ? of(before) : none, after ? of(after) : none);
    };
    change(this.#byPod, podsOf);
    change(this.#byNode, nodesOf);
    change(this.#byService, service);
    this.#buildAll([key]);
  }

  #buildAll(keys: Iterable<string>): void {
    for (const key of keys) this.#pending.add(key);
    this.#flushSoon();
  }

  /** Events come in bursts; an object that changes several times in one is built once. Nothing is, before all stores are whole. */
  #flushSoon(): void {
    if (this.#unsynced > 0 || this.#pending.size === 0) return;
    this.#stopFlush ??= this.#deps.timers.after(0, () => this.#flush());
  }

  #flush(): void {
    this.#stopFlush = undefined;
    const changed: TargetGroup[] = [];
    for (const key of this.#pending) {
      const object = this.#own.store.get(key);
      const source = `${this.#rules.prefix}/${key}`;
      const group =
        object === undefined ? { source, targets: [], labels: {} } : this.#rules.build(source, object, this.#around);
      if (object === undefined) this.#groups.delete(key);
      else this.#groups.set(key, group);
      changed.push(group);
    }
    this.#pending.clear();
    this.#deps.onGroups(changed);
  }
}

function podReference(target: Reference | undefined): readonly string[] {
  return target?.kind === "Pod" ? [`${target.namespace}/${target.name}`] : [];
}

function nodeReference(target: Reference | undefined, nodeName: string | undefined): readonly string[] {
  if (target?.kind === "Pod") return nodeName === undefined ? [] : [nodeName];
  return target?.kind === "Node" ? [target.name] : [];
}

/** Only ready addresses count, and a node only beside a reference: so it is there. */
export function podsOfEndpoints({ subsets }: Endpoints): readonly string[] {
  return subsets.flatMap(({ ready }) => ready.flatMap(({ target }) => podReference(target)));
}

export function nodesOfEndpoints({ subsets }: Endpoints): readonly string[] {
  return subsets.flatMap(({ ready }) => ready.flatMap(({ target, nodeName }) => nodeReference(target, nodeName)));
}

export function nodesOfSlice({ endpoints }: EndpointSlice): readonly string[] {
  return endpoints.flatMap(({ target, nodeName }) => nodeReference(target, nodeName));
}

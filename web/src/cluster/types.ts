/** What the operator tells (`docs/cluster-api.md`). */

export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Workload extends ObjectName {
  readonly isPaused: boolean;
  readonly isBeingDeleted: boolean;
  readonly generation: number;
  readonly conditions: readonly {
    readonly type?: string;
    readonly status?: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly reconciliation: {
    readonly isWaiting: boolean;
    readonly lastAt?: string;
    readonly generation?: number;
    readonly error?: string;
    readonly note?: string;
  };
  readonly sets: readonly (ObjectName & {
    readonly isThere: boolean;
    readonly wanted: number;
    readonly ready: number;
    readonly updated: number;
  })[];
  readonly selects: readonly {
    readonly kind: string;
    readonly labels?: string;
    readonly namespaces?: string;
    readonly accepted: number;
    readonly rejected: number;
  }[];
}

export interface SelectedObject extends ObjectName {
  readonly state: "accepted" | "rejected" | "pending" | "unselected";
  readonly labels: Readonly<Record<string, string>>;
  readonly workloads: readonly (ObjectName & {
    readonly state: "accepted" | "rejected" | "pending";
    readonly reason?: string;
  })[];
}

export interface ObjectsAnswer {
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
  readonly objects: readonly SelectedObject[];
}

export interface Step {
  readonly step: string;
  readonly isPassed?: boolean;
  readonly found: string;
  readonly remedy?: string;
}

export interface Explanation {
  readonly conclusion: string;
  readonly workloads: readonly {
    readonly workload: ObjectName | string;
    readonly isScraped: boolean;
    readonly steps: readonly Step[];
  }[];
}

export function keyOf({ kind, namespace, name }: ObjectName): string {
  return `${kind}/${namespace}/${name}`;
}

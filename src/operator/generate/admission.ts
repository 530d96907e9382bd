/** Answers of the admission webhook: what may be stored in the cluster. */

import { alertmanagerConfigSpec } from "../schema/alertmanager-config.js";
import { alertmanagerConfigV1Beta1Spec } from "../schema/alertmanager-config-v1beta1.js";
import type { Fields } from "../schema/dsl.js";
import type { AlertmanagerConfig, AlertmanagerConfigV1beta1, PrometheusRule } from "../schema/generated/types.js";
import { GROUP } from "../schema/index.js";
import { prometheusRuleSpec } from "../schema/prometheus-rule.js";
import { typeProblem } from "../schema/type-check.js";
import { checkSemantics } from "./alertmanager/check.js";
import { toV1Alpha1 } from "./alertmanager/convert.js";
import { reasonOf } from "./invalid.js";
import { type RuleOptions, ruleProblems } from "./rules.js";
import { compareText } from "./value.js";

export interface AdmissionRequest {
  readonly uid?: string;
  readonly resource?: { readonly group?: string; readonly version?: string; readonly resource?: string };
  readonly object?: unknown;
}

export interface JsonPatchOperation {
  readonly op: "add" | "replace";
  readonly path: string;
  readonly value: unknown;
}

export type AdmissionAnswer =
  | { readonly allowed: true; readonly patch?: readonly JsonPatchOperation[] }
  | {
      readonly allowed: false;
      readonly message: string;
      readonly reason: "Invalid";
      readonly code: 422;
      readonly resource: string;
      readonly causes: readonly string[];
    };

const RULES = "prometheusrules";
const CONFIGS = "alertmanagerconfigs";

function refuse(resource: string, message: string, ...causes: readonly string[]): AdmissionAnswer {
  return { allowed: false, message, reason: "Invalid", code: 422, resource, causes };
}

function unexpected({ resource }: AdmissionRequest, wanted: string): AdmissionAnswer {
  const got = [resource?.group, resource?.version, resource?.resource].join("/");
  return refuse(wanted, "Unexpected resource kind", `expected ${wanted}, got ${got}`);
}

function isResource({ resource }: AdmissionRequest, name: string, ...versions: readonly string[]): boolean {
  return resource?.group === GROUP && resource.resource === name && versions.includes(resource.version ?? "");
}

/** Rules that a Prometheus could not load are refused. */
export function validateRules(request: AdmissionRequest, options: RuleOptions): AdmissionAnswer {
  if (!isResource(request, RULES, "v1")) return unexpected(request, RULES);
  const rule = (request.object ?? {}) as PrometheusRule;
  const problem = specProblem(prometheusRuleSpec, rule.spec);
  if (problem !== undefined) return refuse(RULES, "Cannot unmarshal rules from spec", problem);
  const problems = ruleProblems(rule.spec ?? {}, options);
  return problems.length === 0 ? { allowed: true } : refuse(RULES, "Rules are not valid", ...problems);
}

function specProblem(fields: Fields, spec: unknown): string | undefined {
  return spec === undefined || spec === null ? undefined : typeProblem(fields, spec, "spec");
}

/** Numbers and flags in labels and annotations become text, and the object is marked as looked at. */
export function mutateRules(request: AdmissionRequest): AdmissionAnswer {
  if (!isResource(request, RULES, "v1")) return unexpected(request, RULES);
  const rule = (request.object ?? {}) as PrometheusRule;
  const groups = rule.spec?.groups ?? [];
  if (!Array.isArray(groups)) return refuse(RULES, "Cannot unmarshal rules from spec", "spec.groups: expected a list");
  const patch: JsonPatchOperation[] = [];
  for (const [groupAt, group] of groups.entries()) {
    for (const [ruleAt, item] of (group?.rules ?? []).entries()) {
      for (const field of ["annotations", "labels"] as const) {
        for (const [name, value] of Object.entries(item?.[field] ?? {}).sort(([a], [b]) => compareText(b, a))) {
          if (typeof value === "string" || value === null) continue;
          const path = `/spec/groups/${groupAt}/rules/${ruleAt}/${field}/${pointerPart(name)}`;
          patch.push({ op: "replace", path, value: String(value) });
        }
      }
    }
  }
  const mark = "prometheus-operator-validated";
  const isFirst = Object.keys(rule.metadata?.annotations ?? {}).length === 0;
  patch.push(
    isFirst
      ? { op: "add", path: "/metadata/annotations", value: { [mark]: "true" } }
      : { op: "add", path: `/metadata/annotations/${mark}`, value: "true" },
  );
  return { allowed: true, patch };
}

/** A key in a JSON pointer. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** AlertmanagerConfigs whose routes and receivers do not fit together are refused. */
export function validateAlertmanagerConfig(request: AdmissionRequest): AdmissionAnswer {
  if (!isResource(request, CONFIGS, "v1alpha1", "v1beta1")) return unexpected(request, CONFIGS);
  const config = (request.object ?? {}) as AlertmanagerConfig & AlertmanagerConfigV1beta1;
  const isOld = request.resource?.version === "v1alpha1";
  const problem = specProblem(isOld ? alertmanagerConfigSpec : alertmanagerConfigV1Beta1Spec, config.spec);
  if (problem !== undefined) return refuse(CONFIGS, "Cannot unmarshal config from spec", problem);
  const reason = reasonOf(() => checkSemantics(isOld ? config : toV1Alpha1(config)));
  return reason === undefined ? { allowed: true } : refuse(CONFIGS, "AlertmanagerConfig is invalid", reason);
}

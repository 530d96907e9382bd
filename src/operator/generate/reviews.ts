/** The reviews that an API server sends to webhooks, and their answers: AdmissionReview and ConversionReview, in v1 and v1beta1. */
import type { AlertmanagerConfig, AlertmanagerConfigV1beta1 } from "../schema/generated/types.js";
import { GROUP } from "../schema/index.js";
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  mutateRules,
  validateAlertmanagerConfig,
  validateRules,
} from "./admission.js";
import { toV1Alpha1, toV1Beta1 } from "./alertmanager/convert.js";
import { InvalidConfigurationError } from "./invalid.js";
import type { RuleOptions } from "./rules.js";

/** A body that is no review: the sender made a mistake, and is told what is wrong. */
export class ReviewError extends Error {
  override readonly name = "ReviewError";
}

type Fields = Readonly<Record<string, unknown>>;

/** By path, as prometheus-operator serves them. */
export function admissionPaths(options: RuleOptions): ReadonlyMap<string, (body: string) => Fields> {
  const admit = (decide: (request: AdmissionRequest) => AdmissionAnswer) => (body: string) =>
    answerAdmission(body, decide);
  return new Map<string, (body: string) => Fields>([
    ["/admission-prometheusrules/validate", admit((request) => validateRules(request, options))],
    ["/admission-prometheusrules/mutate", admit(mutateRules)],
    ["/admission-alertmanagerconfigs/validate", admit(validateAlertmanagerConfig)],
    ["/convert", answerConversion],
  ]);
}

function reviewOf(
  body: string,
  kind: string,
  group: string,
): { readonly apiVersion: string; readonly request: Fields } {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch (error) {
    throw new ReviewError(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { apiVersion, kind: got, request } = (review ?? {}) as Fields;
  const isKnown = apiVersion === `${group}/v1` || apiVersion === `${group}/v1beta1`;
  if (got !== kind || !isKnown) {
    throw new ReviewError(`expected a ${kind} of ${group}/v1 or v1beta1, got ${String(got)} of ${String(apiVersion)}`);
  }
  if (typeof request !== "object" || request === null) throw new ReviewError(`the ${kind} has no request`);
  return { apiVersion: String(apiVersion), request: request as Fields };
}

function answerAdmission(body: string, decide: (request: AdmissionRequest) => AdmissionAnswer): Fields {
  const { apiVersion, request } = reviewOf(body, "AdmissionReview", "admission.k8s.io");
  const answer = decide(request as AdmissionRequest);
  return {
    apiVersion,
    kind: "AdmissionReview",
    response: { uid: String(request["uid"] ?? ""), ...admissionResponse(answer, request) },
  };
}

function admissionResponse(answer: AdmissionAnswer, { name }: Fields): Fields {
  if (answer.allowed) {
    if (answer.patch === undefined) return { allowed: true };
    const patch = Buffer.from(JSON.stringify(answer.patch)).toString("base64");
    return { allowed: true, patchType: "JSONPatch", patch };
  }
  const { message, reason, code, resource, causes } = answer;
  // `kubectl` shows the message alone, so the causes stand there too.
  const text = causes.length === 0 ? message : `${message}: ${causes.join("; ")}`;
  return {
    allowed: false,
    status: {
      status: "Failure",
      message: text,
      reason,
      code,
      details: {
        ...(typeof name === "string" && { name }),
        group: GROUP,
        kind: resource,
        causes: causes.map((cause) => ({ message: cause })),
      },
    },
  };
}

/** Objects that cannot be converted fail the review: the API server takes all of it or nothing. */
function answerConversion(body: string): Fields {
  const { apiVersion, request } = reviewOf(body, "ConversionReview", "apiextensions.k8s.io");
  const { uid, desiredAPIVersion, objects } = request;
  const response = { uid: String(uid ?? "") };
  try {
    const convertedObjects = ((objects ?? []) as readonly unknown[]).map((each) =>
      convert(each as Fields, String(desiredAPIVersion)),
    );
    const result = { status: "Success" };
    return { apiVersion, kind: "ConversionReview", response: { ...response, convertedObjects, result } };
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) throw error;
    const result = { status: "Failure", message: error.message };
    return { apiVersion, kind: "ConversionReview", response: { ...response, convertedObjects: [], result } };
  }
}

function convert(object: Fields, wanted: string): Fields {
  const { apiVersion, kind } = object;
  if (kind !== "AlertmanagerConfig") throw new InvalidConfigurationError(`unexpected kind ${String(kind)}`);
  if (apiVersion === wanted) return object;
  if (apiVersion === `${GROUP}/v1alpha1` && wanted === `${GROUP}/v1beta1`) {
    return toV1Beta1(object as AlertmanagerConfig) as Fields;
  }
  if (apiVersion === `${GROUP}/v1beta1` && wanted === `${GROUP}/v1alpha1`) {
    return toV1Alpha1(object as AlertmanagerConfigV1beta1) as Fields;
  }
  throw new InvalidConfigurationError(`no conversion from ${String(apiVersion)} to ${wanted}`);
}

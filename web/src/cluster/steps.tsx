/** What the operator found out step by step: of an object that is scraped or not, and of a change on its way. */
import { useApi } from "../hooks.js";
import { Badge, Loaded } from "../parts.js";
import type { Explanation, ObjectName, Step } from "./types.js";

function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol class="steps">
      {steps.map(({ step, isPassed, found, remedy }) => (
        <li key={step}>
          <Badge kind={isPassed === undefined ? "warn" : isPassed ? "good" : "bad"}>
            {isPassed === undefined ? "not sure" : isPassed ? "passed" : "failed"}
          </Badge>{" "}
          <strong>{step}</strong> {found}
          {isPassed !== true && remedy !== undefined && <div class="remedy">{remedy}</div>}
        </li>
      ))}
    </ol>
  );
}

export function ScrapeExplanation({ object }: { object: ObjectName }) {
  const asked = useApi<Explanation>("cluster/explain", { ...object, kind: object.kind.toLowerCase() });
  return (
    <section aria-label={`Why ${object.namespace}/${object.name} is scraped or not`}>
      <Loaded asked={asked}>
        {({ conclusion, workloads }) => (
          <>
            <p>
              <strong>{conclusion}</strong>{" "}
              <button type="button" onClick={asked.reload}>
                Look again
              </button>
            </p>
            {workloads.map(({ workload, isScraped, steps }) => {
              const name = typeof workload === "string" ? workload : `${workload.kind} ${nameOf(workload)}`;
              return (
                <details key={name} open={!isScraped || workloads.length === 1}>
                  <summary>
                    {name} <Badge kind={isScraped ? "good" : "bad"}>{isScraped ? "scrapes it" : "does not"}</Badge>
                  </summary>
                  <Steps steps={steps} />
                </details>
              );
            })}
          </>
        )}
      </Loaded>
    </section>
  );
}

export function RolloutExplanation({ object }: { object: ObjectName }) {
  const asked = useApi<{ readonly steps: readonly Step[] }>("cluster/rollout", {
    ...object,
    kind: object.kind.toLowerCase(),
  });
  return (
    <section aria-label={`How far a change of ${object.namespace}/${object.name} has come`}>
      <Loaded asked={asked}>
        {({ steps }) => (
          <>
            <Steps steps={steps} />
            <button type="button" onClick={asked.reload}>
              Look again
            </button>
          </>
        )}
      </Loaded>
    </section>
  );
}

export function nameOf({ namespace, name }: ObjectName): string {
  return `${namespace}/${name}`;
}

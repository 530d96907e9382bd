/** Why is my app not scraped? From what discovery found, over the relabelling rules, to the last scrape: the step at which it ends. */
import { useEffect, useState } from "preact/hooks";
import { get, type Labels, reasonText } from "./api.js";
import { useApi } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded } from "./parts.js";
import { type ActiveTarget, matches, type Targets } from "./targets-page.js";

interface Rule {
  readonly source_labels?: readonly string[];
  readonly separator?: string;
  readonly regex: string;
  readonly modulus?: number;
  readonly target_label?: string;
  readonly replacement?: string;
  readonly action: string;
}

interface Step {
  readonly rule: Rule;
  readonly output: Labels;
  readonly keep: boolean;
}

const SHOWN_MAX = 50;

export function WhyPage() {
  const [text, setText] = useState(() => new URLSearchParams(location.search).get("q") ?? "");
  const asked = useApi<Targets>("targets", {}, 15_000);
  useEffect(() => {
    history.replaceState(null, "", text === "" ? "why" : `why?${new URLSearchParams({ q: text })}`);
  }, [text]);
  return (
    <>
      <h1>Why is my app not scraped?</h1>
      <p class="muted">
        A name of a pod, a service or a namespace, an address, or any label's value, as discovery finds it.
      </p>
      <div class="row">
        <Filter label="Search what was discovered" value={text} onInput={setText} />
      </div>
      <Loaded asked={asked}>{(targets) => <Answer targets={targets} text={text.trim()} />}</Loaded>
    </>
  );
}

function Answer({ targets, text }: { targets: Targets; text: string }) {
  const { activeTargets, droppedTargets, droppedTargetCounts } = targets;
  const known = Object.values(droppedTargetCounts).reduce((sum, count) => sum + count, 0);
  const hidden = Math.max(0, known - droppedTargets.length);
  const limited = hidden > 0 && (
    <p class="note warn">
      {hidden} dropped targets are counted, but not kept: keep_dropped_targets in the configuration limits them.
    </p>
  );
  if (text === "") {
    return (
      <>
        <Pools targets={targets} />
        {limited}
      </>
    );
  }
  const active = activeTargets.filter((each) =>
    matches(text, { ...each.discoveredLabels, ...each.labels }, each.scrapeUrl),
  );
  const dropped = droppedTargets.filter((each) => matches(text, each.discoveredLabels, ""));
  const bad = active.filter(({ health }) => health !== "up");
  const verdict =
    active.length + dropped.length === 0
      ? "Discovery does not know it: no job finds a target with this text."
      : bad.length > 0
        ? `${bad.length} of ${active.length} found targets ${bad.length === 1 ? "is" : "are"} not up.`
        : active.length > 0
          ? `It is scraped: ${active.length} ${active.length === 1 ? "target is" : "targets are"} up.`
          : `It is found, but relabelling drops ${dropped.length === 1 ? "it" : `all ${dropped.length} of it`}.`;
  return (
    <>
      <p role="status">
        <strong>{verdict}</strong>
      </p>
      {active.length + dropped.length === 0 && (
        <>
          <p>
            Look whether a job asks for its namespace, role or file at all, and whether it has addresses: a service
            without endpoints, or a port without the name that the monitor asks for, gives no target.
          </p>
          <Pools targets={targets} />
        </>
      )}
      {limited}
      <ol class="tree">
        {[...bad, ...active.filter(({ health }) => health === "up")].slice(0, SHOWN_MAX).map((target) => (
          <li key={`${target.scrapePool} ${target.scrapeUrl} ${JSON.stringify(target.labels)}`}>
            <ActiveBranch target={target} />
          </li>
        ))}
        {dropped.slice(0, SHOWN_MAX).map((target, i) => (
          <li key={`${i} ${target.scrapePool}`}>
            <details open={dropped.length < 4}>
              <summary>
                <Badge kind="warn">dropped</Badge> in job <code>{target.scrapePool}</code>:{" "}
                <code>{target.discoveredLabels["__address__"] ?? "no address"}</code>
              </summary>
              <RelabelSteps pool={target.scrapePool ?? ""} labels={target.discoveredLabels} />
            </details>
          </li>
        ))}
      </ol>
      {active.length + dropped.length > SHOWN_MAX && (
        <p class="muted">Only the first {SHOWN_MAX} of each kind are shown.</p>
      )}
    </>
  );
}

function Pools({ targets }: { targets: Targets }) {
  const pools = new Set([
    ...targets.activeTargets.map(({ scrapePool }) => scrapePool),
    ...Object.keys(targets.droppedTargetCounts),
  ]);
  if (pools.size === 0) return <p class="note">No scrape job is configured, or discovery has found nothing yet.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col" class="number">
              Up
            </th>
            <th scope="col" class="number">
              Not up
            </th>
            <th scope="col" class="number">
              Dropped
            </th>
          </tr>
        </thead>
        <tbody>
          {[...pools].sort().map((pool) => {
            const own = targets.activeTargets.filter(({ scrapePool }) => scrapePool === pool);
            const up = own.filter(({ health }) => health === "up").length;
            return (
              <tr key={pool}>
                <th scope="row">{pool}</th>
                <td class="number">{up}</td>
                <td class="number">{own.length - up}</td>
                <td class="number">{targets.droppedTargetCounts[pool] ?? 0}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function ActiveBranch({ target }: { target: ActiveTarget }) {
  const isUp = target.health === "up";
  return (
    <details open={!isUp}>
      <summary>
        <Badge kind={isUp ? "good" : target.health === "down" ? "bad" : "plain"}>{target.health}</Badge> in job{" "}
        <code>{target.scrapePool}</code>: <code>{target.scrapeUrl}</code>
      </summary>
      {target.health === "unknown" && <p>It was found, and its first scrape has not come yet.</p>}
      {target.lastError !== "" && (
        <>
          <p class="error">{target.lastError}</p>
          <p class="muted">{adviceFor(target.lastError)}</p>
        </>
      )}
      {target.health !== "unknown" && (
        <p>
          Last scrape <Ago time={target.lastScrape} />, every {target.scrapeInterval}, at most {target.scrapeTimeout}.
        </p>
      )}
      <p>
        <LabelList labels={target.labels} />
      </p>
      <details>
        <summary>Relabelling</summary>
        <RelabelSteps pool={target.scrapePool} labels={target.discoveredLabels} />
      </details>
    </details>
  );
}

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/connection refused/, "Nothing listens at this port, or only on the pod's own loopback address."],
  [
    /no route to host|network is unreachable/,
    "The network does not lead there: look at network policies and at where the server runs.",
  ],
  [
    /deadline|time ?out|timed out/i,
    "It does not answer in time: a network policy may swallow the packets, or the exporter is slower than scrape_timeout.",
  ],
  [/no such host|lookup/, "Its name is not resolved: look at the service and at DNS."],
  [/\b401\b|\b403\b/, "It asks for credentials: authorization, basic_auth or TLS of the job."],
  [/\b404\b/, "The path is another one: metrics_path of the job."],
  [/x509|certificate|tls/i, "The certificate is not trusted: tls_config of the job, or the scheme is another one."],
  [/limit exceeded/, "It has more than the job's limits allow."],
  [
    /expected|invalid|parse|unsupported Content-Type/i,
    "What it answers is no exposition: is this the right port and path?",
  ],
];

function adviceFor(error: string): string {
  return ADVICE.find(([pattern]) => pattern.test(error))?.[1] ?? "";
}

/** What each rule made of the labels, up to the one that dropped the target. */
export function RelabelSteps({ pool, labels }: { pool: string; labels: Labels }) {
  const [steps, setSteps] = useState<readonly Step[]>();
  const [error, setError] = useState<string>();
  const key = JSON.stringify(labels);
  useEffect(() => {
    const controller = new AbortController();
    get<{ readonly steps: readonly Step[] }>(
      "targets/relabel_steps",
      { scrapePool: pool, labels: key },
      controller.signal,
    ).then(
      ({ data }) => setSteps(data.steps),
      (reason: unknown) => {
        if (!controller.signal.aborted) setError(reasonText(reason));
      },
    );
    return () => controller.abort();
  }, [pool, key]);
  if (error !== undefined) return <p class="note error">{error}</p>;
  if (steps === undefined) return <p class="muted">Loading…</p>;
  const end = steps.findIndex(({ keep }) => !keep);
  const shown = end < 0 ? steps : steps.slice(0, end + 1);
  return (
    <>
      <p>Discovered:</p>
      <p>
        <LabelList labels={labels} />
      </p>
      <ol class="steps">
        {shown.map((step, i) => {
          const before = i === 0 ? labels : (shown[i - 1]?.output ?? {});
          return (
            <li key={`${i} ${step.rule.action}`} class={step.keep ? undefined : "dropping"}>
              <code>{ruleText(step.rule)}</code>
              {step.keep ? (
                <Difference before={before} after={step.output} />
              ) : (
                <Dropped rule={step.rule} labels={before} />
              )}
            </li>
          );
        })}
      </ol>
      {steps.length === 0 && <p class="muted">The job has no relabelling rules.</p>}
      {end < 0 && steps.length > 0 && <p class="muted">No rule drops it.</p>}
      {end >= 0 && steps.length > end + 1 && (
        <p class="muted">{steps.length - end - 1} rules after it are not reached.</p>
      )}
    </>
  );
}

function ruleText({
  source_labels: sources = [],
  separator = ";",
  regex,
  modulus,
  target_label: target,
  replacement,
  action,
}: Rule): string {
  const parts = [
    action,
    ...(sources.length > 0 ? [`[${sources.join(separator === ";" ? ", " : ` ${separator} `)}]`] : []),
    ...(regex !== "(.*)" ? [`~ ${regex}`] : []),
    ...(modulus !== undefined ? [`mod ${modulus}`] : []),
    ...(target !== undefined ? [`→ ${target}`] : []),
    ...(action === "replace" && replacement !== undefined && replacement !== "$1" ? [`= ${replacement}`] : []),
  ];
  return parts.join(" ");
}

function Difference({ before, after }: { before: Labels; after: Labels }) {
  const changed = Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value));
  const gone = Object.keys(before).filter((name) => !(name in after));
  if (Object.keys(changed).length + gone.length === 0) return <span class="muted"> changes nothing</span>;
  return (
    <div>
      <LabelList labels={changed} /> {gone.length > 0 && <span class="muted">without {gone.join(", ")}</span>}
    </div>
  );
}

function Dropped({ rule, labels }: { rule: Rule; labels: Labels }) {
  const sources = rule.source_labels ?? [];
  const value = sources.map((name) => labels[name] ?? "").join(rule.separator ?? ";");
  const missing = sources.filter((name) => !(name in labels));
  return (
    <div>
      <Badge kind="bad">dropped here</Badge>{" "}
      {sources.length > 0 && (
        <>
          the value is <code>{JSON.stringify(value)}</code>
          {rule.action === "keep" && ", and the rule keeps only what matches"}
          {rule.action === "drop" && ", and the rule drops what matches"}
          {missing.length > 0 && `; there is no label ${missing.join(", ")}`}
        </>
      )}
    </div>
  );
}

/** Targets: what is scraped, how it goes, and what was left out. */
import { useEffect, useState } from "preact/hooks";
import { getRange, type Labels, type MatrixSeries, valuesOf } from "./api.js";
import { secondsText } from "./format.js";
import { useApi, useAsked } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded, Rows } from "./parts.js";
import { Sparkline } from "./sparkline.js";

export interface ActiveTarget {
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  readonly lastScrapeDuration: number;
  readonly health: "up" | "down" | "unknown";
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface Targets {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets: readonly { readonly discoveredLabels: Labels; readonly scrapePool?: string }[];
  readonly droppedTargetCounts: Readonly<Record<string, number>>;
}

export function matches(text: string, labels: Labels, more: string): boolean {
  if (text === "") return true;
  const wanted = text.toLowerCase();
  return (
    more.toLowerCase().includes(wanted) ||
    Object.entries(labels).some(([name, value]) => `${name}="${value}"`.toLowerCase().includes(wanted))
  );
}

export function TargetsPage() {
  const asked = useApi<Targets>("targets", { state: "active" }, 10_000);
  const params = new URLSearchParams(location.search);
  const [text, setText] = useState(params.get("q") ?? "");
  const [isBadOnly, setBadOnly] = useState(params.get("health") === "bad");
  const durations = useDurations(asked.answer?.data.activeTargets.length ?? 0);
  useEffect(() => {
    const search = new URLSearchParams({ ...(text !== "" && { q: text }), ...(isBadOnly && { health: "bad" }) });
    // A bare address stays as it was asked for.
    if (search.size > 0 || location.search !== "") {
      history.replaceState(null, "", search.size > 0 ? `targets?${search}` : "targets");
    }
  }, [text, isBadOnly]);
  return (
    <>
      <h1>Targets</h1>
      <div class="row">
        <Filter label="Filter by label, address or error" value={text} onInput={setText} />
        <label class="check">
          <input type="checkbox" checked={isBadOnly} onChange={(event) => setBadOnly(event.currentTarget.checked)} />
          <span>Not up only</span>
        </label>
      </div>
      <Loaded asked={asked}>
        {({ activeTargets }) => {
          const shown = activeTargets.filter(
            ({ labels, scrapeUrl, lastError, health }) =>
              (!isBadOnly || health !== "up") && matches(text, labels, `${scrapeUrl} ${lastError}`),
          );
          const pools = [...new Set(activeTargets.map(({ scrapePool }) => scrapePool))];
          if (activeTargets.length === 0) {
            return (
              <p class="muted">
                No targets. <a href="why">Why is my app not scraped?</a>
              </p>
            );
          }
          if (shown.length === 0) return <p class="muted">Nothing like that among {activeTargets.length} targets.</p>;
          return pools.map((pool) => (
            <Pool
              key={pool}
              name={pool}
              all={activeTargets.filter((each) => each.scrapePool === pool)}
              shown={shown.filter((each) => each.scrapePool === pool)}
              durations={durations}
            />
          ));
        }}
      </Loaded>
    </>
  );
}

const SPARK_MS = 30 * 60_000;
const SPARK_STEP_MS = 60_000;
/** Of more targets the answer would cost more than the curves tell. */
const SPARK_TARGETS_MAX = 2000;

type Durations = ReadonlyMap<string, readonly number[]>;
const NO_DURATIONS: Durations = new Map();

/** How long scrapes took in the last half hour, by the target's labels; empty where it is not known. */
function useDurations(targetCount: number): Durations {
  const isAsked = targetCount > 0 && targetCount <= SPARK_TARGETS_MAX;
  const asked = useAsked(
    `durations ${isAsked}`,
    async (signal): Promise<Durations> => {
      if (!isAsked) return NO_DURATIONS;
      const endMs = Math.floor(Date.now() / SPARK_STEP_MS) * SPARK_STEP_MS + SPARK_STEP_MS;
      const startMs = endMs - SPARK_MS;
      const { data } = await getRange(
        { query: "scrape_duration_seconds", start: startMs / 1000, end: endMs / 1000, step: SPARK_STEP_MS / 1000 },
        signal,
      );
      if (data.resultType !== "matrix") return NO_DURATIONS;
      const count = SPARK_MS / SPARK_STEP_MS + 1;
      return new Map(data.result.map((each) => [keyOf(each.metric), spread(each, count, startMs)] as const));
    },
    SPARK_STEP_MS,
  );
  return asked.answer?.data ?? NO_DURATIONS;
}

function keyOf(labels: Labels): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== "__name__")
      .sort(),
  );
}

function spread(series: MatrixSeries, count: number, startMs: number): readonly number[] {
  const values = new Array<number>(count).fill(Number.NaN);
  for (const [time, value] of valuesOf(series))
    values[Math.round((time * 1000 - startMs) / SPARK_STEP_MS)] = Number(value);
  return values;
}

interface PoolProps {
  readonly name: string;
  readonly all: readonly ActiveTarget[];
  readonly shown: readonly ActiveTarget[];
  readonly durations: Durations;
}

function Pool({ name, all, shown, durations }: PoolProps) {
  const up = all.filter(({ health }) => health === "up").length;
  if (shown.length === 0) return null;
  return (
    <details open>
      <summary>
        <h2>{name}</h2> <Badge kind={up === all.length ? "good" : "bad"}>{`${up} of ${all.length} up`}</Badge>
      </summary>
      <div class="scroll">
        <table class="stack">
          <thead>
            <tr>
              <th scope="col">Endpoint</th>
              <th scope="col">Labels</th>
              <th scope="col">Last scrape</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            <Rows
              items={shown}
              row={(target) => (
                <tr key={target.scrapeUrl + JSON.stringify(target.labels)}>
                  <td>
                    <a href={target.globalUrl}>{target.scrapeUrl}</a>
                  </td>
                  <td>
                    <LabelList labels={target.labels} />
                  </td>
                  <td>
                    <Ago time={target.lastScrape} />
                    <div class="muted">
                      {target.health !== "unknown" && `took ${secondsText(target.lastScrapeDuration)}, `}
                      every {target.scrapeInterval}
                    </div>
                    <Sparkline
                      values={durations.get(keyOf(target.labels)) ?? []}
                      title="Duration in the last half hour"
                    />
                  </td>
                  <td>
                    <Badge kind={target.health === "up" ? "good" : target.health === "down" ? "bad" : "plain"}>
                      {target.health}
                    </Badge>
                    {target.lastError !== "" && <div class="error">{target.lastError}</div>}
                    {target.health === "down" && (
                      <a href={`why?${new URLSearchParams({ q: target.scrapeUrl })}`}>Why?</a>
                    )}
                  </td>
                </tr>
              )}
            />
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function DiscoveryPage() {
  const asked = useApi<Targets>("targets");
  const [text, setText] = useState("");
  return (
    <>
      <h1>Service discovery</h1>
      <div class="row">
        <Filter label="Filter by discovered label" value={text} onInput={setText} />
      </div>
      <Loaded asked={asked}>
        {({ activeTargets, droppedTargets, droppedTargetCounts }) => {
          const pools = [
            ...new Set([...activeTargets.map(({ scrapePool }) => scrapePool), ...Object.keys(droppedTargetCounts)]),
          ].sort();
          return pools.map((pool) => {
            const active = activeTargets.filter(
              (each) => each.scrapePool === pool && matches(text, each.discoveredLabels, ""),
            );
            const dropped = droppedTargets.filter(
              (each) => each.scrapePool === pool && matches(text, each.discoveredLabels, ""),
            );
            return (
              <details key={pool} open={pools.length < 5}>
                <summary>
                  <h2>{pool}</h2>{" "}
                  <span class="muted">{`${active.length} active, ${droppedTargetCounts[pool] ?? dropped.length} dropped`}</span>
                </summary>
                <div class="scroll">
                  <table class="stack">
                    <thead>
                      <tr>
                        <th scope="col">Discovered labels</th>
                        <th scope="col">Target labels</th>
                      </tr>
                    </thead>
                    <tbody>
                      <Rows
                        items={[...active, ...dropped] as readonly { discoveredLabels: Labels; labels?: Labels }[]}
                        row={(each, i) => (
                          <tr key={i}>
                            <td>
                              <LabelList labels={each.discoveredLabels} />
                            </td>
                            <td>
                              {each.labels !== undefined ? (
                                <LabelList labels={each.labels} />
                              ) : (
                                <>
                                  <Badge kind="plain">dropped by relabelling</Badge>{" "}
                                  <a
                                    href={`why?${new URLSearchParams({ q: each.discoveredLabels["__address__"] ?? "" })}`}
                                  >
                                    Why?
                                  </a>
                                </>
                              )}
                            </td>
                          </tr>
                        )}
                      />
                    </tbody>
                  </table>
                </div>
              </details>
            );
          });
        }}
      </Loaded>
    </>
  );
}

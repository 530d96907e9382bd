/** Targets: what is scraped, how it goes, and what was left out. */
import { useState } from "preact/hooks";
import type { Labels } from "./api.js";
import { secondsText } from "./format.js";
import { useApi } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded, Rows } from "./parts.js";

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
  const [text, setText] = useState("");
  const [isBadOnly, setBadOnly] = useState(false);
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
          return pools.map((pool) => (
            <Pool
              key={pool}
              name={pool}
              all={activeTargets.filter((each) => each.scrapePool === pool)}
              shown={shown.filter((each) => each.scrapePool === pool)}
            />
          ));
        }}
      </Loaded>
    </>
  );
}

function Pool({ name, all, shown }: { name: string; all: readonly ActiveTarget[]; shown: readonly ActiveTarget[] }) {
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
                      took {secondsText(target.lastScrapeDuration)}, every {target.scrapeInterval}
                    </div>
                  </td>
                  <td>
                    <Badge kind={target.health === "up" ? "good" : target.health === "down" ? "bad" : "plain"}>
                      {target.health}
                    </Badge>
                    {target.lastError !== "" && <div class="error">{target.lastError}</div>}
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

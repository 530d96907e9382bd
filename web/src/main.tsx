/** The frame of every page: navigation, theme, and which page the address means. */
import { render } from "preact";
import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { addressPart } from "./address-part.js";
import { AlertHistoryPage, AlertsPage, BacktestPage } from "./alerts-page.js";
import { QueryPage } from "./query/query-page.js";
import { RulesPage } from "./rules-page.js";
import { ConfigPage, FlagsPage, StatusPage, TsdbPage } from "./status-pages.js";
import { DiscoveryPage, TargetsPage } from "./targets-page.js";
import { Theme, useTheme } from "./theme.js";
import { setTimeZone, timeZone } from "./time-zone.js";
import { WhyPage } from "./why-page.js";
import { ZoneChoice } from "./zone-choice.js";

const ClusterPage = lazy(() => import("./cluster/cluster-page.js").then((module) => module.ClusterPage));
const SilencesPage = lazy(() => import("./silences-page.js").then((module) => module.SilencesPage));
const DashboardsPage = lazy(() => import("./dashboards-page.js").then((module) => module.DashboardsPage));

const PAGES: readonly (readonly [path: string, title: string])[] = [
  ["query", "Query"],
  ["dashboards", "Dashboards"],
  ["alerts", "Alerts"],
  ["rules", "Rules"],
  ["targets", "Targets"],
  ["why", "Why?"],
  ["service-discovery", "Discovery"],
  ["tsdb-status", "Storage"],
  ["config", "Configuration"],
  ["flags", "Flags"],
  ["status", "Status"],
];

/** The operator serves the same files, and has one page: at `/` too, where a server sends people to `query`. */
const OPERATOR_PAGES: typeof PAGES = [["cluster", "Cluster"]];

function currentPath(): string {
  const base = new URL(document.baseURI).pathname;
  return location.pathname.startsWith(base) ? location.pathname.slice(base.length).replace(/\/$/, "") : "query";
}

function App() {
  const [path, setPath] = useState(currentPath);
  const [theme, setTheme, isDark] = useTheme();
  // Pages ask for it while they are drawn; here it draws them again.
  const [zone, setZone] = useState(timeZone);
  useEffect(() => {
    const back = (): void => setPath(currentPath());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const page = pageOf(path);
  const pages = page === "cluster" ? OPERATOR_PAGES : PAGES;
  const home = pages[0]?.[0] ?? "query";
  const title = ALERT_VIEWS.get(path) ?? pages.find(([each]) => each === page)?.[1] ?? "Query";
  useEffect(() => {
    // A dashboard has a title of its own.
    if (!path.startsWith("d/")) document.title = `${title} · Vestal`;
    // A phone's navigation scrolls sideways.
    document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [title, path]);
  const go = (event: MouseEvent, target: string): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(target);
  };
  const open = (target: string): void => {
    history.pushState(null, "", target);
    setPath(target);
    document.querySelector("main")?.focus();
  };
  return (
    <>
      <a class="skip" href={`${path}#main`}>
        To the content
      </a>
      <header>
        <a class="brand" href={home} onClick={(event) => go(event, home)}>
          Vestal
        </a>
        <nav aria-label="Pages">
          {pages.map(([each, name]) => (
            <a
              key={each}
              href={each}
              aria-current={each === page ? "page" : undefined}
              onClick={(event) => go(event, each)}
            >
              {name}
            </a>
          ))}
        </nav>
        <ZoneChoice
          zone={zone}
          onChange={(name) => {
            setTimeZone(name);
            setZone(timeZone());
          }}
        />
        <Theme value={theme} onChange={setTheme} />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<p class="muted">Loading…</p>}>
          <Page path={path} isDark={isDark} onOpen={open} />
        </Suspense>
      </main>
    </>
  );
}

/** Pages below another one of the navigation, with their titles. */
const ALERT_VIEWS: ReadonlyMap<string, string> = new Map([
  ["alert-history", "Alert history"],
  ["backtest", "Back-test"],
  ["silences", "Silences"],
]);

/** The page in the navigation to which an address belongs. */
function pageOf(path: string): string {
  if (path.startsWith("d/")) return "dashboards";
  if (path === "") return "cluster";
  return ALERT_VIEWS.has(path) ? "alerts" : path;
}

function Page({ path, isDark, onOpen }: { path: string; isDark: boolean; onOpen: (path: string) => void }) {
  switch (pageOf(path)) {
    case "dashboards":
      return (
        <DashboardsPage
          isDark={isDark}
          uid={path.startsWith("d/") ? addressPart(path.split("/")[1] ?? "") : undefined}
          onOpen={onOpen}
        />
      );
    case "alerts":
      if (path === "alert-history") return <AlertHistoryPage />;
      if (path === "silences") return <SilencesPage />;
      return path === "backtest" ? <BacktestPage isDark={isDark} /> : <AlertsPage />;
    case "cluster":
      return <ClusterPage />;
    case "why":
      return <WhyPage />;
    case "rules":
      return <RulesPage />;
    case "targets":
      return <TargetsPage />;
    case "service-discovery":
      return <DiscoveryPage />;
    case "tsdb-status":
      return <TsdbPage />;
    case "config":
      return <ConfigPage />;
    case "flags":
      return <FlagsPage />;
    case "status":
      return <StatusPage />;
    default:
      return <QueryPage isDark={isDark} />;
  }
}

const root = document.getElementById("root");
if (root !== null) render(<App />, root);

/**
 * Alertmanager's own pages. Their addresses are the original's, behind the `#`, so that links to it work here:
 * `#/alerts?filter=`, `#/silences`, `#/silences/new?filter=`, `#/silences/ID/edit`, `#/status`.
 */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { addressPart } from "../address-part.js";
import { Theme, useTheme } from "../theme.js";
import { setTimeZone, timeZone } from "../time-zone.js";
import { ZoneChoice } from "../zone-choice.js";
import { AlertsPage } from "./alerts-page.js";
import { alertmanagerApi } from "./api.js";
import { SilencePage, SilencesPage } from "./silences-page.js";
import { StatusPage } from "./status-page.js";

const PAGES = [
  ["alerts", "Alerts"],
  ["silences", "Silences"],
  ["status", "Status"],
] as const;

const api = alertmanagerApi();

interface Place {
  /** What lies between the slashes. */
  readonly parts: readonly string[];
  readonly search: URLSearchParams;
}

function currentPlace(): Place {
  const [path = "", search = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { parts: path.split("/").map(addressPart), search: new URLSearchParams(search) };
}

function App() {
  const [place, setPlace] = useState(currentPlace);
  const [theme, setTheme] = useTheme();
  // Pages ask for it while they are drawn; here it draws them again.
  const [zone, setZone] = useState(timeZone);
  const page = PAGES.find(([name]) => name === place.parts[0]) ?? PAGES[0];
  useEffect(() => {
    const change = (): void => {
      setPlace(currentPlace());
      document.querySelector("main")?.focus();
    };
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  useEffect(() => {
    document.title = `${page[1]} · Alertmanager`;
  }, [page]);
  const toContent = (event: Event): void => {
    event.preventDefault();
    document.querySelector("main")?.focus();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: a link to the content, by hand because what is behind the # is the page's */}
      <a class="skip" href="#main" onClick={toContent}>
        To the content
      </a>
      <header>
        <a class="brand" href="#/alerts">
          Alertmanager
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([name, title]) => (
            <a key={name} href={`#/${name}`} aria-current={name === page[0] ? "page" : undefined}>
              {title}
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
        <Page name={page[0]} place={place} />
      </main>
    </>
  );
}

function Page({ name, place: { parts, search } }: { name: (typeof PAGES)[number][0]; place: Place }) {
  if (name === "status") return <StatusPage api={api} />;
  if (name === "alerts") return <AlertsPage key={search.toString()} api={api} search={search} />;
  const id = parts[1] ?? "";
  return id === "" ? (
    <SilencesPage api={api} />
  ) : (
    <SilencePage key={`${id} ${search}`} api={api} id={id} search={search} />
  );
}

const root = document.getElementById("root");
if (root !== null) render(<App />, root);

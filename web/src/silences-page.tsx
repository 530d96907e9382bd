/**
 * Silences of the Alertmanagers to which this server sends alerts, asked through the server: what a browser cannot reach can still be
 * silenced. The address says which Alertmanager (`url`) and what is shown: the list, `form=new&filter={…}`, or `form=ID`.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import {
  type AlertQuery,
  matcherText,
  type NewSilence,
  parseMatchers,
  type Silence,
  type SilenceApi,
  SilenceForm,
  SilenceList,
} from "./alertmanager/index.js";
import { AlertViews, pageOfAlertmanager, useAlertmanagers } from "./alerts-page.js";
import { get, post } from "./api.js";
import { useAsked } from "./hooks.js";
import { Loaded } from "./parts.js";

interface Place {
  /** As the server lists it; empty is the first. */
  readonly url: string;
  /** `new`, an id, or empty for the list. */
  readonly form: string;
  readonly filter: string;
}

function readPlace(): Place {
  const params = new URLSearchParams(location.search);
  return { url: params.get("url") ?? "", form: params.get("form") ?? "", filter: params.get("filter") ?? "" };
}

function silencesAddress(place: Partial<Place>): string {
  const search = new URLSearchParams();
  for (const name of ["url", "form", "filter"] as const) {
    const value = place[name] ?? "";
    if (value !== "") search.set(name, value);
  }
  return search.size === 0 ? "silences" : `silences?${search}`;
}

/** The Alertmanager's API as the server passes it on. */
function apiThroughServer(url: string): SilenceApi {
  const search = new URLSearchParams({ url });
  return {
    alerts: async ({ matchers, isActive, isSilenced, isInhibited, isMuted }: AlertQuery, signal) => {
      const { data } = await get<{ readonly alerts: Awaited<ReturnType<SilenceApi["alerts"]>> }>(
        "alertmanagers/alerts",
        {
          url,
          filter: matchers.map(matcherText),
          active: String(isActive),
          silenced: String(isSilenced),
          inhibited: String(isInhibited),
          muted: String(isMuted),
        },
        signal,
      );
      return data.alerts;
    },
    silences: async (matchers, signal) => {
      const asked = { url, filter: matchers.map(matcherText) };
      return (await get<{ readonly silences: readonly Silence[] }>("alertmanagers/silences", asked, signal)).data
        .silences;
    },
    save: async (silence) => {
      const { data } = await post<{ readonly silenceID: string }>(`alertmanagers/silences?${search}`, silence);
      return data.silenceID;
    },
    expire: async (id) => {
      await post(`alertmanagers/silences/${encodeURIComponent(id)}/expire?${search}`, {});
    },
  };
}

export function SilencesPage() {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const back = (): void => setPlace(readPlace());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const go = (next: Partial<Place>): void => {
    history.pushState(null, "", silencesAddress(next));
    setPlace(readPlace());
    document.querySelector("main")?.focus();
  };
  const asked = useAlertmanagers();
  return (
    <>
      <h1>{place.form === "" ? "Silences" : place.form === "new" ? "New silence" : "Change a silence"}</h1>
      <AlertViews current="silences" />
      <Loaded asked={asked}>
        {(urls) => {
          const url = urls.includes(place.url) ? place.url : urls[0];
          if (url === undefined) {
            return (
              <p class="muted">
                This server sends its alerts to no Alertmanager: name one under <code>alerting</code> in the
                configuration, or start one inside with <code>--alertmanager.embedded</code>.
              </p>
            );
          }
          return (
            <>
              {urls.length > 1 && (
                <p class="row">
                  <span aria-hidden="true">Alertmanager</span>
                  <select
                    aria-label="Alertmanager"
                    value={url}
                    onChange={(event) => go({ ...place, url: event.currentTarget.value })}
                  >
                    {urls.map((each) => (
                      <option key={each} value={each}>
                        {pageOfAlertmanager(each)}
                      </option>
                    ))}
                  </select>
                </p>
              )}
              <OfAlertmanager key={`${url} ${place.form} ${place.filter}`} url={url} place={place} onGo={go} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

interface OwnProps {
  readonly url: string;
  readonly place: Place;
  readonly onGo: (place: Partial<Place>) => void;
}

function OfAlertmanager({ url, place, onGo }: OwnProps) {
  const api = useMemo(() => apiThroughServer(url), [url]);
  const { form, filter } = place;
  const asked = useAsked(url, async (signal) => {
    const { data } = await get<Held>("alertmanagers/silences", { url }, signal);
    return data;
  });
  const page = pageOfAlertmanager(url);
  return (
    <Loaded asked={asked}>
      {({ silences, isChangeable }) => (
        <>
          {!isChangeable && (
            <p class="note">
              Silences of this Alertmanager are not changed through this server (<code>--web.enable-silences</code>{" "}
              allows it), but{" "}
              <a href={`${page}/#/silences${form === "new" ? `/new?filter=${encodeURIComponent(filter)}` : ""}`}>
                in its own pages
              </a>
              .
            </p>
          )}
          {form === "" ? (
            <>
              {isChangeable && (
                <p>
                  <button type="button" class="primary" onClick={() => onGo({ url, form: "new" })}>
                    New silence
                  </button>
                </p>
              )}
              <SilenceList api={api} editHref={(id) => silencesAddress({ url, form: id })} isReadOnly={!isChangeable} />
            </>
          ) : (
            isChangeable && (
              <SilenceForm api={api} initial={initialOf(form, filter, silences)} onSaved={() => onGo({ url })} />
            )
          )}
          {form !== "" && (
            <p>
              <a href={silencesAddress({ url })}>All silences</a>
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}

interface Held {
  readonly silences: readonly Silence[];
  readonly isChangeable: boolean;
}

/** What is over cannot be changed, only made again for as long, from now on. */
function initialOf(form: string, filter: string, silences: readonly Silence[]): Partial<NewSilence> {
  const known = silences.find(({ id }) => id === form);
  if (known === undefined) return { matchers: parseMatchers(filter) ?? [] };
  const { id, matchers, createdBy, comment, startsAt, endsAt, status } = known;
  if (status.state !== "expired") return { id, matchers, createdBy, comment, startsAt, endsAt };
  const lastedMs = Date.parse(endsAt) - Date.parse(startsAt);
  const nowMs = Date.now();
  const [start, end] = [nowMs, nowMs + lastedMs].map((ms) => new Date(ms).toISOString());
  return { matchers, createdBy, comment, startsAt: start ?? "", endsAt: end ?? "" };
}

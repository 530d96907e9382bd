/** The list of silences, one silence, and the form for a new or a changed one. */
import { useAsked } from "../hooks.js";
import { Loaded } from "../parts.js";
import type { AlertmanagerApi, NewSilence } from "./api.js";
import { parseMatchers } from "./matchers.js";
import { SilenceForm } from "./silence-form.js";
import { SilenceList } from "./silence-list.js";

export function SilencesPage({ api }: { api: AlertmanagerApi }) {
  return (
    <>
      <h1>Silences</h1>
      <p>
        <a href="#/silences/new">New silence</a>
      </p>
      <SilenceList api={api} editHref={(id) => `#/silences/${id}`} />
    </>
  );
}

interface SilencePageProps {
  readonly api: AlertmanagerApi;
  /** `new`, or the silence's. */
  readonly id: string;
  readonly search: URLSearchParams;
}

export function SilencePage({ api, id, search }: SilencePageProps) {
  const toList = (): void => {
    location.hash = "#/silences";
  };
  if (id === "new") {
    const matchers = parseMatchers(search.get("filter") ?? "") ?? [];
    const comment = search.get("comment");
    return (
      <>
        <h1>New silence</h1>
        <SilenceForm api={api} initial={{ matchers, ...(comment !== null && { comment }) }} onSaved={toList} />
      </>
    );
  }
  return <ChangeSilence api={api} id={id} onSaved={toList} />;
}

function ChangeSilence({ api, id, onSaved }: { api: AlertmanagerApi; id: string; onSaved: () => void }) {
  const asked = useAsked(id, (signal) => api.silence(id, signal));
  return (
    <Loaded asked={asked}>
      {(silence) => {
        const isExpired = silence.status.state === "expired";
        const { matchers, createdBy, comment, startsAt, endsAt } = silence;
        // What is over cannot be changed, only made again for as long, from now on.
        const lasted = Date.parse(endsAt) - Date.parse(startsAt);
        const again = { endsAt: new Date(Date.now() + lasted).toISOString(), startsAt: new Date().toISOString() };
        const initial: Partial<NewSilence> = isExpired
          ? { matchers, createdBy, comment, ...again }
          : { id, matchers, createdBy, comment, startsAt, endsAt };
        return (
          <>
            <h1>{isExpired ? "Silence again" : "Change a silence"}</h1>
            <p class="muted prose">
              {id}, {silence.status.state}
            </p>
            <SilenceForm api={api} initial={initial} onSaved={onSaved} />
          </>
        );
      }}
    </Loaded>
  );
}

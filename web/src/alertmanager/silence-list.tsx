/** Silences by their state, each with what can be done with it. */

import { useState } from "preact/hooks";
import { reasonText } from "../api.js";
import { useAsked } from "../hooks.js";
import { Ago, Badge, Filter, Loaded } from "../parts.js";
import { dateTimeText } from "../time-zone.js";
import type { Silence, SilenceApi } from "./api.js";
import { matcherText, parseMatchers } from "./matchers.js";

export interface SilenceListProps {
  readonly api: SilenceApi;
  /** The address of the form that changes a silence. */
  readonly editHref: (id: string) => string;
  /** Nothing can be changed here. */
  readonly isReadOnly?: boolean;
}

const STATES = ["active", "pending", "expired"] as const;
const SHOWN_AT_ONCE = 100;
const REFRESH_MS = 15_000;

export function SilenceList({ api, editHref, isReadOnly = false }: SilenceListProps) {
  const [state, setState] = useState<Silence["status"]["state"]>("active");
  const [text, setText] = useState("");
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  const [problem, setProblem] = useState<string>();
  const matchers = parseMatchers(text);
  const asked = useAsked(JSON.stringify(matchers), (signal) => api.silences(matchers ?? [], signal), REFRESH_MS);
  const expire = (id: string): void => {
    api.expire(id).then(
      () => {
        setProblem(undefined);
        asked.reload();
      },
      (error: unknown) => setProblem(reasonText(error)),
    );
  };
  return (
    <>
      <div class="row">
        <Filter label="Matchers" value={text} onInput={setText} />
        {matchers === undefined && <span class="error">No list of matchers, such as job="api", env!~"dev.*"</span>}
      </div>
      {problem !== undefined && (
        <p class="note error" role="alert">
          {problem}
        </p>
      )}
      <Loaded asked={asked}>
        {(silences) => {
          const found = silences.filter(({ status }) => status.state === state);
          return (
            <>
              <fieldset class="end" aria-label="State">
                {STATES.map((each) => (
                  <button key={each} type="button" aria-pressed={each === state} onClick={() => setState(each)}>
                    {each} ({silences.filter(({ status }) => status.state === each).length})
                  </button>
                ))}
              </fieldset>
              {found.length === 0 && <p class="muted">No {state} silences.</p>}
              <ul class="plain cards">
                {found.slice(0, shown).map((silence) => (
                  <SilenceItem
                    key={silence.id}
                    silence={silence}
                    href={isReadOnly ? undefined : editHref(silence.id)}
                    onExpire={expire}
                  />
                ))}
              </ul>
              {found.length > shown && (
                <button type="button" onClick={() => setShown(shown + SHOWN_AT_ONCE)}>
                  Show more ({found.length - shown} are left)
                </button>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

interface SilenceItemProps {
  readonly silence: Silence;
  /** Undefined where it cannot be changed. */
  readonly href: string | undefined;
  readonly onExpire: (id: string) => void;
}

function SilenceItem({ silence, href, onExpire }: SilenceItemProps) {
  const { id, matchers, comment, createdBy, startsAt, endsAt, status } = silence;
  const isExpired = status.state === "expired";
  return (
    <li>
      <p>
        <Badge kind={isExpired ? "plain" : status.state === "active" ? "good" : "warn"}>{status.state}</Badge>{" "}
        <span class="labels">
          {matchers.map((matcher) => (
            <code key={matcherText(matcher)}>{matcherText(matcher)}</code>
          ))}
        </span>
      </p>
      <p class="prose">
        {comment} <span class="muted">by {createdBy}</span>
      </p>
      <p class="row">
        <span class="muted">
          from {dateTimeText(Date.parse(startsAt))} until {dateTimeText(Date.parse(endsAt))}
          {isExpired && (
            <>
              , ended <Ago time={endsAt} />
            </>
          )}
        </span>
        {href !== undefined && <a href={href}>{isExpired ? "Create again" : "Change"}</a>}
        {!isExpired && href !== undefined && (
          <button
            type="button"
            aria-label={`Expire ${matchers.map(matcherText).join(", ")}`}
            onClick={() => onExpire(id)}
          >
            Expire
          </button>
        )}
      </p>
    </li>
  );
}

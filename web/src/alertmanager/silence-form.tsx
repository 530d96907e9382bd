/** A silence is made or changed; what it would silence is listed below it. */

import { useId, useState } from "preact/hooks";
import { reasonText } from "../api.js";
import { formatDuration, parseDurationMs } from "../format.js";
import { useAsked, useStored } from "../hooks.js";
import { LabelList, Loaded } from "../parts.js";
import { dateTimeText, fromWallClock, inputText } from "../time-zone.js";
import { ALL_ALERTS, type Matcher, type NewSilence, type SilenceApi } from "./api.js";
import { matcherOf, matchersText, OPERATORS, type Operator, operatorOf } from "./matchers.js";

export interface SilenceFormProps {
  readonly api: SilenceApi;
  /** What the form begins with: a silence's fields, with its id where it is to be changed. */
  readonly initial: Partial<NewSilence>;
  readonly onSaved: (id: string) => void;
}

const FIRST_DURATION_MS = 2 * 3_600_000;
const PREVIEW_MAX = 50;

export function SilenceForm({ api, initial, onSaved }: SilenceFormProps) {
  const [matchers, setMatchers] = useState<readonly Matcher[]>(
    initial.matchers === undefined || initial.matchers.length === 0 ? [matcherOf("", "=", "")] : initial.matchers,
  );
  const [author, setAuthor] = useStored("silence-author", "");
  const [createdBy, setCreatedBy] = useState(initial.createdBy ?? author);
  const [comment, setComment] = useState(initial.comment ?? "");
  const [startsAt, setStartsAt] = useState(
    initial.startsAt === undefined ? "" : inputText(Date.parse(initial.startsAt)),
  );
  const [duration, setDuration] = useState(durationOf(initial));
  const [problem, setProblem] = useState<string>();
  const [isSaving, setSaving] = useState(false);
  const durationMs = parseDurationMs(duration);
  const complete = matchers.filter(({ name }) => name !== "");
  const set = (index: number, matcher: Matcher): void => setMatchers(matchers.with(index, matcher));

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (durationMs === undefined) {
      setProblem("The duration is a number with a unit, such as 2h or 1d12h.");
      return;
    }
    setSaving(true);
    const start = new Date(startsAt === "" ? Date.now() : fromWallClock(startsAt));
    try {
      const id = await api.save({
        ...(initial.id !== undefined && { id: initial.id }),
        matchers: complete,
        startsAt: start.toISOString(),
        endsAt: new Date(start.getTime() + durationMs).toISOString(),
        createdBy,
        comment,
      });
      setAuthor(createdBy);
      setProblem(undefined);
      onSaved(id);
    } catch (error) {
      setProblem(reasonText(error));
    } finally {
      setSaving(false);
    }
  };

  return (
    <form class="silence-form" onSubmit={(event) => void save(event)}>
      <fieldset>
        <legend>Alerts that match all of</legend>
        {matchers.map((matcher, i) => (
          <MatcherRow
            key={i}
            number={i + 1}
            matcher={matcher}
            onChange={(changed) => set(i, changed)}
            onRemove={matchers.length > 1 ? () => setMatchers(matchers.toSpliced(i, 1)) : undefined}
          />
        ))}
        <button type="button" onClick={() => setMatchers([...matchers, matcherOf("", "=", "")])}>
          Add a matcher
        </button>
      </fieldset>
      <div class="row">
        <label>
          <span>Starts</span>
          <input
            type="datetime-local"
            step="1"
            value={startsAt}
            title="Empty: at once"
            onInput={(event) => setStartsAt(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>Lasts</span>
          <input
            class="small"
            required
            value={duration}
            placeholder="2h"
            onInput={(event) => setDuration(event.currentTarget.value)}
          />
        </label>
        <span class="muted">{endText(startsAt, durationMs)}</span>
      </div>
      <div class="row">
        <label class="filter">
          <span>By</span>
          <input required value={createdBy} onInput={(event) => setCreatedBy(event.currentTarget.value)} />
        </label>
        <label class="filter">
          <span>Comment</span>
          <input required value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
        </label>
      </div>
      {problem !== undefined && (
        <p class="note error" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary" disabled={isSaving}>
        {initial.id === undefined ? "Create the silence" : "Change the silence"}
      </button>
      <AffectedAlerts api={api} matchers={complete} />
    </form>
  );
}

interface MatcherRowProps {
  readonly number: number;
  readonly matcher: Matcher;
  readonly onChange: (matcher: Matcher) => void;
  readonly onRemove: (() => void) | undefined;
}

function MatcherRow({ number, matcher, onChange, onRemove }: MatcherRowProps) {
  const { name, value } = matcher;
  const operator = operatorOf(matcher);
  return (
    <div class="row matcher">
      <input
        aria-label={`Label ${number}`}
        required
        placeholder="label"
        value={name}
        onInput={(event) => onChange(matcherOf(event.currentTarget.value, operator, value))}
      />
      <select
        aria-label={`Operator ${number}`}
        value={operator}
        onChange={(event) => onChange(matcherOf(name, event.currentTarget.value as Operator, value))}
      >
        {OPERATORS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <input
        aria-label={`Value ${number}`}
        placeholder="value"
        value={value}
        onInput={(event) => onChange(matcherOf(name, operator, event.currentTarget.value))}
      />
      {onRemove !== undefined && (
        <button type="button" aria-label={`Remove matcher ${number}`} onClick={onRemove}>
          ×
        </button>
      )}
    </div>
  );
}

/** The alerts that match now, whatever holds them back already. */
export function AffectedAlerts({ api, matchers }: { api: SilenceApi; matchers: readonly Matcher[] }) {
  const id = useId();
  const key = matchersText(matchers);
  const asked = useAsked(key, async (signal) =>
    matchers.length === 0 ? [] : api.alerts({ ...ALL_ALERTS, matchers }, signal),
  );
  return (
    <section aria-labelledby={id} aria-live="polite">
      <h2 id={id}>Affected alerts</h2>
      <Loaded asked={asked}>
        {(alerts) => (
          <>
            <p class="muted">{matchers.length === 0 ? "Name a label." : `${alerts.length} match now.`}</p>
            <ul class="plain">
              {alerts.slice(0, PREVIEW_MAX).map(({ fingerprint, labels }) => (
                <li key={fingerprint}>
                  <LabelList labels={labels} />
                </li>
              ))}
            </ul>
            {alerts.length > PREVIEW_MAX && <p class="muted">…and {alerts.length - PREVIEW_MAX} more.</p>}
          </>
        )}
      </Loaded>
    </section>
  );
}

function durationOf({ startsAt, endsAt }: Partial<NewSilence>): string {
  if (startsAt === undefined || endsAt === undefined) return formatDuration(FIRST_DURATION_MS);
  return formatDuration(Math.max(1000, Math.round((Date.parse(endsAt) - Date.parse(startsAt)) / 1000) * 1000));
}

function endText(startsAt: string, durationMs: number | undefined): string {
  if (durationMs === undefined) return "";
  const end = (startsAt === "" ? Date.now() : fromWallClock(startsAt)) + durationMs;
  return Number.isFinite(end) ? `until ${dateTimeText(end)}` : "";
}

/** Small pieces that pages are made of. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Labels } from "./api.js";
import { agoText } from "./format.js";
import type { Asked } from "./hooks.js";
import { dateTimeText } from "./time-zone.js";

/** The content once it is there; what went wrong, and that something is under way. */
export function Loaded<T>({ asked, children }: { asked: Asked<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {asked.error !== undefined && (
        <p class="note error" role="alert">
          {asked.error} {asked.atMs !== undefined && `What is shown is of ${dateTimeText(asked.atMs)}. `}
          <button type="button" onClick={asked.reload}>
            Try again
          </button>
        </p>
      )}
      {asked.answer === undefined ? (
        asked.error === undefined && <p class="muted">Loading…</p>
      ) : (
        <div class={asked.error === undefined ? "loaded" : "loaded stale"}>{children(asked.answer.data)}</div>
      )}
    </>
  );
}

export function LabelList({ labels }: { labels: Labels }) {
  return (
    <span class="labels">
      {Object.entries(labels).map(([name, value]) => (
        <code key={name}>
          {name}="{value}"
        </code>
      ))}
    </span>
  );
}

/** Text that is a web address, as a link; any other scheme stays text. */
export function LinkText({ text }: { text: string }) {
  return /^https?:\/\/\S+$/.test(text) ? <a href={text}>{text}</a> : <span>{text}</span>;
}

export function Badge({ kind, children }: { kind: "good" | "bad" | "warn" | "plain"; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

export function Ago({ time }: { time: string }) {
  return (
    <time dateTime={time} title={dateTimeText(Date.parse(time))}>
      {agoText(time, Date.now())}
    </time>
  );
}

export function Filter({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }) {
  return (
    <label class="filter">
      <span>{label}</span>
      <input type="search" value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </label>
  );
}

const ROWS_AT_ONCE = 200;

/** Long lists begin short: thousands of rows cost seconds to draw and nobody reads them. */
export function Rows<T>({ items, row }: { items: readonly T[]; row: (item: T, index: number) => ComponentChildren }) {
  const [count, setCount] = useState(ROWS_AT_ONCE);
  return (
    <>
      {items.slice(0, count).map(row)}
      {items.length > count && (
        <tr>
          <td colSpan={20}>
            <button type="button" onClick={() => setCount(count + 5 * ROWS_AT_ONCE)}>
              Show more ({items.length - count} are left)
            </button>
          </td>
        </tr>
      )}
    </>
  );
}

export function KeyValues({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <table class="pairs">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

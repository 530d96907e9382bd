/** The controls of a dashboard's variables. */
import { useState } from "preact/hooks";
import { ALL, type Resolved } from "./variables.js";

const LISTED_MAX = 500;

export function VariableBar({
  resolved,
  onChoose,
}: {
  resolved: readonly Resolved[];
  onChoose: (name: string, values: readonly string[]) => void;
}) {
  const shown = resolved.filter(
    ({ variable }) => !variable.isHidden && variable.type !== "datasource" && variable.type !== "constant",
  );
  return (
    <>
      {shown.map((each) => (
        <VariableControl
          key={each.variable.name}
          resolved={each}
          onChoose={(values) => onChoose(each.variable.name, values)}
        />
      ))}
    </>
  );
}

function VariableControl({
  resolved,
  onChoose,
}: {
  resolved: Resolved;
  onChoose: (values: readonly string[]) => void;
}) {
  const { variable, options, chosen, error } = resolved;
  const problem = error === undefined ? undefined : <span class="error">{error}</span>;
  if (variable.type === "textbox") {
    return (
      <label>
        <span>{variable.label}</span>
        <input value={chosen[0] ?? ""} onChange={(event) => onChoose([event.currentTarget.value])} />
      </label>
    );
  }
  if (variable.isMulti) {
    return (
      <>
        <MultiSelect resolved={resolved} onChoose={onChoose} />
        {problem}
      </>
    );
  }
  const value = chosen[0] ?? "";
  const isListed = options.some((option) => option.value === value);
  return (
    <label>
      <span>{variable.label}</span>
      <select value={value} onChange={(event) => onChoose([event.currentTarget.value])}>
        {!isListed && <option value={value}>{value === "" ? "none" : value}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text === "" ? "(empty)" : option.text}
          </option>
        ))}
      </select>
      {problem}
    </label>
  );
}

function MultiSelect({ resolved, onChoose }: { resolved: Resolved; onChoose: (values: readonly string[]) => void }) {
  const { variable, options, chosen } = resolved;
  const [text, setText] = useState("");
  const wanted = text.toLowerCase();
  const listed = options.filter((option) => option.text.toLowerCase().includes(wanted)).slice(0, LISTED_MAX);
  const summary = chosen.includes(ALL) ? "All" : chosen.join(", ") || "none";
  const toggle = (value: string): void => {
    if (value === ALL) {
      onChoose([ALL]);
      return;
    }
    const others = chosen.filter((each) => each !== ALL && each !== value);
    const next = chosen.includes(value) ? others : [...others, value];
    onChoose(next.length === 0 ? [variable.hasAll ? ALL : (options[0]?.value ?? "")] : next);
  };
  return (
    <details
      class="menu multi"
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.open = false;
      }}
    >
      <summary>
        <span>{variable.label}</span> <b>{summary.length > 40 ? `${chosen.length} chosen` : summary}</b>
      </summary>
      <fieldset class="menu-list">
        <legend class="hidden">{variable.label}</legend>
        <input
          type="search"
          aria-label={`Filter ${variable.label}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {listed.map((option) => (
          <label key={option.value} class="check">
            <input type="checkbox" checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} />
            <span>{option.text}</span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}

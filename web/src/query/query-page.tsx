/** Queries: several panels, each with an editor, a table and a graph. The address has all of it. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { Panel } from "./panel.js";
import { NEW_PANEL, type PanelState, readPanels, writePanels } from "./url-state.js";

let nextId = 1;

export function QueryPage({ isDark }: { isDark: boolean }) {
  const [panels, setPanels] = useState(() => readPanels(location.search).map((state) => ({ id: nextId++, state })));
  useEffect(() => {
    // An untouched page keeps its bare address.
    if (panels.length === 1 && panels[0]?.state === NEW_PANEL) return;
    history.replaceState(null, "", `query?${writePanels(panels.map(({ state }) => state))}`);
  }, [panels]);
  const change = useCallback((id: number, state: PanelState) => {
    setPanels((all) => all.map((panel) => (panel.id === id ? { id, state } : panel)));
  }, []);
  const add = (state: PanelState, after?: number): void =>
    setPanels((all) => {
      const at = after === undefined ? all.length : all.findIndex(({ id }) => id === after) + 1;
      return [...all.slice(0, at), { id: nextId++, state }, ...all.slice(at)];
    });
  return (
    <>
      <h1 class="hidden">Query</h1>
      {panels.map(({ id, state }, i) => (
        <Panel
          key={id}
          title={`Panel ${i + 1}`}
          state={state}
          isDark={isDark}
          onChange={(next) => change(id, next)}
          onCopy={() => add(state, id)}
          onRemove={panels.length > 1 ? () => setPanels((all) => all.filter((panel) => panel.id !== id)) : undefined}
        />
      ))}
      <p>
        <button type="button" onClick={() => add(NEW_PANEL)}>
          Add a panel
        </button>
      </p>
    </>
  );
}

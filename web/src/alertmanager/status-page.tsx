/** What runs here, its cluster, and its configuration. */
import { useAsked } from "../hooks.js";
import { KeyValues, Loaded } from "../parts.js";
import type { AlertmanagerApi } from "./api.js";

export function StatusPage({ api }: { api: AlertmanagerApi }) {
  const asked = useAsked("status", (signal) => api.status(signal));
  return (
    <>
      <h1>Status</h1>
      <Loaded asked={asked}>
        {({ uptime, cluster, versionInfo, config }) => (
          <>
            <KeyValues
              rows={[
                ["Started", new Date(uptime).toLocaleString()],
                ["Cluster", cluster.status],
                ...(cluster.name === undefined ? [] : [["Name", cluster.name] as const]),
                ...(cluster.peers ?? []).map(({ name, address }) => [`Member ${name}`, address] as const),
              ]}
            />
            <h2>Version</h2>
            <KeyValues rows={Object.entries(versionInfo)} />
            <h2>Configuration</h2>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
            <pre class="scroll" tabIndex={0}>
              {config.original}
            </pre>
          </>
        )}
      </Loaded>
    </>
  );
}

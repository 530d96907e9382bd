/** Dashboards for tests: every kind of panel, what old versions wrote, and one of a hostile author. */

export const HOSTILE = '<img src=x onerror="window.isHacked=true">';

const place = (i: number): unknown => ({ x: (i % 3) * 8, y: Math.floor(i / 3) * 8, w: 8, h: 8 });
const query = (expr: string, more: object = {}): object => ({
  expr,
  datasource: { type: "prometheus", uid: "$ds" },
  ...more,
});
const instant = (expr: string, more: object = {}): object => query(expr, { instant: true, ...more });

const kinds: readonly object[] = [
  {
    type: "timeseries",
    title: "Lines",
    targets: [query('rate(node_cpu_seconds_total{mode="$mode"}[$__rate_interval])', { legendFormat: "{{cpu}}" })],
    options: { legend: { displayMode: "table", placement: "right", calcs: ["mean", "max"] } },
    fieldConfig: {
      defaults: {
        unit: "percentunit",
        custom: { thresholdsStyle: { mode: "line+area" } },
        thresholds: {
          mode: "absolute",
          steps: [
            { color: "green", value: null },
            { color: "red", value: 2 },
          ],
        },
      },
      overrides: [
        { matcher: { id: "byName", options: "0" }, properties: [{ id: "custom.axisPlacement", value: "right" }] },
      ],
    },
  },
  {
    type: "timeseries",
    title: "Stacked percent",
    targets: [query("sum by (mode) (rate(node_cpu_seconds_total[1m]))", { legendFormat: "{{mode}}" })],
    fieldConfig: { defaults: { custom: { stacking: { mode: "percent" }, fillOpacity: 60 } }, overrides: [] },
  },
  {
    type: "stat",
    title: "Tiles",
    targets: [instant('sum(kube_pod_container_resource_requests{resource="memory",namespace="shop"})')],
    options: { colorMode: "background", graphMode: "none" },
    fieldConfig: { defaults: { unit: "bytes" }, overrides: [] },
  },
  {
    type: "gauge",
    title: "Dial",
    targets: [query("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes")],
    fieldConfig: { defaults: { unit: "percentunit", min: 0, max: 1 }, overrides: [] },
  },
  {
    type: "bargauge",
    title: "Bars",
    targets: [query("topk(5, node_filesystem_size_bytes)", { legendFormat: "{{mountpoint}}" })],
  },
  {
    type: "table",
    title: "Cells",
    targets: [instant("up", { format: "table" }), instant("scrape_samples_scraped", { format: "table" })],
    transformations: [
      { id: "joinByField", options: { byField: "job", mode: "outer" } },
      {
        id: "organize",
        options: { excludeByName: { "Time 1": true, "Time 2": true }, renameByName: { "Value #B": "Samples" } },
      },
    ],
    fieldConfig: {
      defaults: {},
      overrides: [
        {
          matcher: { id: "byName", options: "Value #A" },
          properties: [
            { id: "mappings", value: [{ type: "value", options: { "1": { text: "up and well", color: "green" } } }] },
            { id: "custom.cellOptions", value: { type: "color-background" } },
          ],
        },
        {
          matcher: { id: "byName", options: "Samples" },
          properties: [{ id: "custom.cellOptions", value: { type: "gauge" } }],
        },
      ],
    },
  },
  {
    type: "heatmap",
    title: "Buckets",
    targets: [
      query("sum by (le) (rate(apiserver_request_duration_seconds_bucket[1m]))", {
        format: "heatmap",
        legendFormat: "{{le}}",
      }),
    ],
  },
  { type: "state-timeline", title: "States", targets: [query("up", { legendFormat: "{{job}}" })] },
  {
    type: "piechart",
    title: "Parts",
    targets: [instant('count by (job) ({__name__=~"process_.*"})', { legendFormat: "{{job}}" })],
  },
  {
    type: "text",
    title: "Words",
    options: { mode: "markdown", content: "# Heading\n\n- a **strong** item\n- `code` of $namespace" },
  },
  { type: "geomap", title: "Map", targets: [query("up")] },
  { type: "timeseries", title: "Logs", targets: [{ expr: '{app="x"}', datasource: { type: "loki", uid: "l" } }] },
  { type: "timeseries", title: "Nothing", targets: [query("rate(no_such_metric_total[5m])")] },
];

const variables: readonly object[] = [
  { name: "ds", type: "datasource", query: "prometheus" },
  { name: "mode", type: "custom", query: "idle,user : system", current: { value: "idle" } },
  { name: "namespace", type: "query", query: "label_values(kube_pod_info, namespace)", sort: 1 },
  { name: "pod", type: "query", query: 'label_values(kube_pod_info{namespace="$namespace"}, pod)', sort: 1 },
  {
    name: "job",
    type: "query",
    query: "label_values(up, job)",
    regex: "/node-exporter|kube-scheduler/",
    multi: true,
    includeAll: true,
    current: { value: ["node-exporter", "kube-scheduler"] },
  },
  { name: "step", type: "interval", query: "1m,5m" },
];

export const panelsDashboard = {
  uid: "all-panels",
  title: "All panels",
  schemaVersion: 39,
  refresh: "",
  time: { from: "now-5m", to: "now" },
  templating: { list: variables },
  annotations: {
    list: [
      { name: "Starts", enable: true, expr: "changes(process_start_time_seconds[1m]) > 0", titleFormat: "{{job}}" },
    ],
  },
  panels: [
    ...kinds.map((panel, i) => ({ id: i + 1, gridPos: place(i), ...panel })),
    { id: 100, type: "row", title: "More", collapsed: false, gridPos: { x: 0, y: 100, w: 24, h: 1 }, panels: [] },
    {
      id: 101,
      type: "timeseries",
      title: "Of $job",
      repeat: "job",
      repeatDirection: "h",
      gridPos: { x: 0, y: 101, w: 24, h: 8 },
      targets: [query('up{job="$job"}')],
    },
  ],
};

export const oldDashboard = {
  uid: "old",
  title: "Old",
  schemaVersion: 14,
  time: { from: "now-5m", to: "now" },
  rows: [
    {
      title: "Row",
      showTitle: true,
      height: "250px",
      panels: [
        {
          id: 1,
          type: "graph",
          title: "Load",
          span: 6,
          datasource: "$ds",
          targets: [{ expr: "node_load1", legendFormat: "{{instance}}", refId: "A" }],
          seriesOverrides: [{ alias: "/node/", yaxis: 2, color: "#ff0000" }],
          legend: { show: true, values: true, max: true, alignAsTable: true },
          yaxes: [{ format: "short", min: "0" }, { format: "percent" }],
        },
        {
          id: 2,
          type: "singlestat",
          title: "Memory",
          span: 3,
          format: "bytes",
          valueName: "current",
          thresholds: "1,2",
          colors: ["green", "orange", "red"],
          colorValue: true,
          targets: [{ expr: "node_memory_MemTotal_bytes", refId: "A" }],
        },
        {
          id: 3,
          type: "singlestat",
          title: "Share",
          span: 3,
          format: "percentunit",
          gauge: { show: true, minValue: 0, maxValue: 1 },
          targets: [{ expr: "node_memory_MemFree_bytes / node_memory_MemTotal_bytes", refId: "A" }],
        },
      ],
    },
    {
      title: "",
      panels: [
        {
          id: 4,
          type: "table",
          title: "Targets",
          span: 8,
          styles: [
            { pattern: "Time", type: "hidden" },
            { pattern: "/Value/", alias: "Up", unit: "short" },
          ],
          targets: [{ expr: "up", format: "table", instant: true, refId: "A" }],
        },
        { id: 5, type: "text", title: "Note", span: 4, mode: "markdown", content: "This was *written long ago*." },
      ],
    },
  ],
};

const script = "javascript:window.isHacked=true";

export const hostileDashboard = {
  uid: "hostile",
  title: `${HOSTILE} board`,
  schemaVersion: 39,
  time: { from: "now-5m", to: "now" },
  tags: [HOSTILE],
  links: [
    { title: HOSTILE, url: script, type: "link" },
    { title: "data", url: "data:text/html,<script>1</script>", type: "link" },
  ],
  templating: {
    list: [
      { name: "x", label: HOSTILE, type: "custom", query: `${HOSTILE},b` },
      { name: "t", type: "textbox", query: HOSTILE },
    ],
  },
  panels: [
    {
      id: 1,
      type: "timeseries",
      title: `${HOSTILE} lines`,
      description: HOSTILE,
      gridPos: place(0),
      links: [
        { title: HOSTILE, url: script },
        { title: "more", url: `  ${script}` },
      ],
      targets: [{ expr: "up", legendFormat: `{{job}} ${HOSTILE}` }],
      fieldConfig: {
        defaults: { unit: HOSTILE, color: { mode: "fixed", fixedColor: `red;background:url(${script})` } },
        overrides: [],
      },
    },
    {
      id: 2,
      type: "table",
      title: "cells",
      gridPos: place(1),
      targets: [{ expr: `label_replace(up, "h", ${JSON.stringify(HOSTILE)}, "", "")`, format: "table", instant: true }],
      fieldConfig: {
        defaults: { links: [{ title: "x", url: "javascript:alert($__cell)" }], displayName: "" },
        overrides: [],
      },
    },
    { id: 3, type: "text", title: "html", gridPos: place(2), options: { mode: "html", content: HOSTILE } },
    {
      id: 4,
      type: "text",
      title: "markdown",
      gridPos: place(3),
      options: { mode: "markdown", content: `${HOSTILE} [x](${script}) [y](https://example.org/)\n\n# ${HOSTILE}` },
    },
    {
      id: 5,
      type: "stat",
      title: "mapped",
      gridPos: place(4),
      targets: [{ expr: "up", instant: true, legendFormat: HOSTILE }],
      fieldConfig: {
        defaults: { mappings: [{ type: "value", options: { "1": { text: HOSTILE, color: "expression(1)" } } }] },
        overrides: [],
      },
    },
    { id: 6, type: HOSTILE, title: "kind", gridPos: place(5), targets: [{ expr: "up" }] },
  ],
};

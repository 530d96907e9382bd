/** What Alertmanager's API answers beside the real one: status, headers, and body of hundreds of requests, also wrong ones. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { killAll, makeFolder, removeFolder, type Server, startAlertmanager, waitUntil } from "./harness.js";

type Side = "real" | "vestal";

const SIDES: readonly Side[] = ["real", "vestal"];
const CONFIG = `
route:
  receiver: a
  group_by: [g]
  group_wait: 1s
  group_interval: 2s
  routes:
  - {matchers: ['x="1"'], receiver: b, continue: true}
  - {matchers: ['x="1"'], receiver: c}
  - {matchers: ['m="1"'], receiver: muted, mute_time_intervals: [always]}
receivers: [{name: a}, {name: b}, {name: c}, {name: muted, labels: {team: q, area: r}}]
inhibit_rules: [{source_matchers: ['s="1"'], target_matchers: ['s="2"'], equal: [e]}]
time_intervals: [{name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}]
`;
const ALERTS = "/api/v2/alerts";
const SILENCES = "/api/v2/silences";
const JSON_TYPE = { "content-type": "application/json" };
/** Headers of the connection, and those that say how long a body with times in it is. */
const OWN_HEADERS = new Set(["date", "content-length", "connection", "keep-alive", "transfer-encoding"]);

const startMs = Date.now();
const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();

let folder = "";
const servers = new Map<Side, Server>();
/** Silences' ids by the name that a request gave them: each side makes its own. */
const ids = new Map<string, string>();

function isolated(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replace(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

/** Go's maps have no order: alerts of a group, silences of one state and end, methods. */
function ordered(path: string, text: string): string {
  if (!text.startsWith("[")) return text;
  const list = JSON.parse(text) as { readonly alerts?: object[] }[];
  if (path.includes("/groups")) for (const { alerts } of list) alerts?.sort(byText);
  return path.includes("/silences")
    ? list
        .map((item) => JSON.stringify(item))
        .sort()
        .join("\n")
    : JSON.stringify(list);
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const sorted = (text: string): string => text.split(",").sort().join(",");

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Later requests call the silence that this one made `$NAME`. */
  readonly as?: string;
}

async function ask(side: Side, { method, path, body, headers = JSON_TYPE, as }: Request): Promise<string> {
  const named = (text: string): string =>
    text.replace(/\$(\w+)/g, (_, name: string) => ids.get(`${side} ${name}`) ?? "");
  const text = body === undefined ? undefined : named(typeof body === "string" ? body : JSON.stringify(body));
  const response = await fetch(servers.get(side)!.url + named(path), {
    method,
    redirect: "manual",
    headers,
    ...(text !== undefined && { body: text }),
  });
  const given = await response.text();
  const id = /"silenceID":"([^"]+)"/.exec(given)?.[1];
  if (as !== undefined && id !== undefined) ids.set(`${side} ${as}`, id);
  const kept = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
  const shown = kept.map(([name, value]) => `${name}: ${name === "allow" ? sorted(value) : value}`);
  const allow = response.headers.get("allow");
  const answer = allow === null ? given : given.replace(allow, sorted(allow));
  return [response.status, ...shown, ordered(path, isolated(answer))].join("\n");
}

async function compare(requests: readonly Request[]): Promise<void> {
  const differences: object[] = [];
  for (const request of requests) {
    const [real, vestal] = await Promise.all(SIDES.map((side) => ask(side, request)));
    if (real !== vestal) differences.push({ ...request, real, vestal });
  }
  expect(differences).toEqual([]);
}

async function startBoth(args: readonly string[] = []): Promise<void> {
  folder = makeFolder();
  await Promise.all(SIDES.map(async (side) => servers.set(side, await startAlertmanager(side, folder, CONFIG, args))));
}

async function endBoth(): Promise<void> {
  await killAll();
  removeFolder(folder);
}

const alert = (labels: object, more: object = {}): object => ({ labels, startsAt: at(-1), ...more });
const silence = (more: object = {}): object => ({
  matchers: [{ name: "a", value: "b", isRegex: false }],
  startsAt: at(0),
  endsAt: at(3600),
  createdBy: "me",
  comment: "c",
  ...more,
});
const matcher = (name: unknown, value: unknown, isRegex: unknown = false, isEqual?: unknown): object =>
  silence({ matchers: [{ name, value, isRegex, isEqual }] });

const FILTERS = [
  ..."a=b|a!=b|a=~b|a!~b|a|a=|a!=|=b|a==b|a=~|a=~(|a=b,c=d|{a=b}|{}|{a=b,}|a=b,|a b=c|a=b=c|é=a|a=é|a-b=c|a:b=c|1a=b".split(
    "|",
  ),
  ...'a="b"|a="b|"a"="b"|"a b"=c|ü.x=~.*|"ü.x"="y z"|x=""|x!=""|x=~""|x=~".*"|x!~".+"|alertname=`X`|a="b"c|a=b"|a="}"'.split(
    "|",
  ),
  ...'alertname=X;alertname=~X|Y;alertname=~"X|Y";alertname= X; alertname=X ;a=\\;a=~a{2};a=~"a{2}";a!b;a~b;a=!b'.split(
    ";",
  ),
  ...[
    'alertname="X\\n"',
    'alertname="\\x"',
    '"\\u0041"=b',
    "foo=a\nb",
    "\tfoo=a",
    "a=😀",
    "😀=a",
    "a=b c=d",
    "foo=bar,,",
  ],
  ...["alertname='X'", 'm="1"', "up=1", '{foo="bar",baz!~"q.*"}', 's=~"1|2",e=q', "a=~b !", "a ~", 'a="b",~'],
];

describe("without a mode", () => {
  beforeAll(() => startBoth());
  afterAll(endBoth);

  test("bodies of alerts", async () => {
    const bodies = [
      ...[
        "",
        "null",
        "{}",
        "[]",
        "[1]",
        "[{}]",
        "{",
        "[",
        "[{]",
        "[1,]",
        '{"a" 1}',
        '{"a":1 2}',
        "[tru]",
        "[01]",
        "x",
        "[é]",
      ],
      ...[
        '["a\\x"]',
        '["\\u12x4"]',
        '["a\nb"]',
        "[1}",
        "[-]",
        "[1.]",
        "[1e]",
        '[{"labels":{"a":"b"},}]',
        "5",
        "true",
        '"s"',
      ],
      ...['[{"labels":{"a":"b"}}] trailing', '[{"labels":{"a":"b"}}][]', '[{"Labels":{"a":"b"}}]', '[{"labels":null}]'],
      ...[
        '[{"labels":1}]',
        '[{"labels":{"a":1}}]',
        '[{"labels":{}}]',
        '[{"labels":{"a":""}}]',
        '[{"labels":{"a":null}}]',
      ],
      ...[
        '[{"labels":["a"]}]',
        '[{"labels":{"a":"b"},"annotations":[]}]',
        '[{"labels":{"a":"b"},"annotations":{"z":5}}]',
      ],
      ...[
        '[{"labels":{"":"b"}}]',
        '[{"labels":{"a b":"c"}}]',
        '[{"labels":{"ü":"c"}}]',
        '[{"labels":{"a":"\\ud800"}}]',
      ],
      ...['[{"labels":{"a":"b"}},{"labels":{}},{"labels":{"":"x"}}]', '[{"labels":{"a":"b"},"unknown":1}]'],
      ...["x", 5, "2020-01-02", "2020-01-02T03:04", "2020-13-01T00:00:00Z", "", null, "0001-01-01T00:00:00Z", {}].map(
        (time) => [{ labels: { a: "b" }, startsAt: time }],
      ),
      ...[
        "x",
        5,
        "",
        "http://a b",
        "/x",
        "//x",
        "mailto:x",
        "http://",
        "http://[::1",
        "http://x/%zz",
        "?x",
        "#x",
        {},
      ].map((url) => [{ labels: { a: "b" }, generatorURL: url }]),
      [{ labels: { a: "b" }, startsAt: "2020-01-02T00:00:00Z", endsAt: "2020-01-01T00:00:00Z" }],
      [{ labels: { "1a": "c" }, annotations: { "x y": "z" } }],
    ];
    await compare(bodies.map((body) => ({ method: "POST", path: ALERTS, body })));
  });

  test("media types, methods, paths", async () => {
    const types = ["text/plain", "application/json; charset=utf-8", "", "application/x-www-form-urlencoded", "a/b/c"];
    const accepted = ["text/plain", "*/*", "application/*", "text/html, application/json;q=0.5"];
    const paths = [
      ...[
        ALERTS,
        SILENCES,
        "/api/v2/silence/x",
        "/api/v2/status",
        "/api/v2/receivers",
        `${ALERTS}/groups`,
        "/api/v2/nope",
      ],
      ...["/api/v1/alerts", "/api/v1/silence/x", "/nope", "/-/healthy", "/-/ready", "/-/reload", "/metrics"],
    ];
    const odd = [
      ...[
        "/api/v2",
        "/api/v2/",
        `${ALERTS}/`,
        `${ALERTS}/x`,
        "/api/v2/silence/",
        "/api/v2/silence/x",
        "/api/v2/silence/x/y",
      ],
      ...["/api/v1/status", "/api/v1/nope", "/api/v1", "/api", "/api/v3", "/-/nope", "//api/v2/receivers"],
    ];
    await compare([
      ...types.map((type) => ({ method: "POST", path: ALERTS, body: "[]", headers: { "content-type": type } })),
      ...accepted.map((accept) => ({ method: "GET", path: "/api/v2/receivers", headers: { accept } })),
      { method: "GET", path: "/api/v2/receivers", headers: { origin: "http://x" } },
      { method: "DELETE", path: "/api/v2/silence/x", headers: { origin: "http://x" } },
      ...[
        "POST content-type",
        "POST accept,content-type",
        "POST x-requested-with",
        "POST authorization",
        "DELETE accept",
      ]
        .map((wanted) => wanted.split(" "))
        .map(([method = "", names = ""]) => ({
          method: "OPTIONS",
          path: ALERTS,
          headers: {
            origin: "http://x",
            "access-control-request-method": method,
            "access-control-request-headers": names,
          },
        })),
      ...["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"].flatMap((method) => paths.map((path) => ({ method, path }))),
      ...odd.flatMap((path) => [
        { method: "GET", path },
        { method: "POST", path, body: "{}" },
      ]),
    ]);
  });

  test("silences: made, changed, ended, refused", async () => {
    const bodies = [
      ...["null", "[]", "5", '"x"', "", "{}", '{"comment":""}', silence(), silence({ id: "x" }), silence({ id: 5 })],
      silence({ id: "00000000-0000-0000-0000-000000000000" }),
      ...[[], null, {}, "x", [1], ["x"], [{}], [{ name: "a", value: "b" }]].map((matchers) => silence({ matchers })),
      ...[matcher("", "b"), matcher("a", ""), matcher("a", ".*", true), matcher("a", "(", true), matcher("ü", "x")],
      ...[
        matcher("a", "x", false, false),
        matcher("a", "", false, false),
        matcher("a b", "x"),
        matcher("a", "x", "yes"),
      ],
      ...[matcher(5, "x"), matcher("a", 5), matcher("a", "x", 0), matcher("a", "\ud800"), matcher("a", "x", false, 5)],
      ...["startsAt", "endsAt", "createdBy", "comment", "matchers"].map((field) => silence({ [field]: undefined })),
      ...[{ createdBy: "" }, { comment: "" }, { createdBy: 5 }, { startsAt: "x" }, { endsAt: at(-5) }].map(silence),
      ...[{ annotations: { a: "b" } }, { annotations: 5 }, { unknown: 1 }, { startsAt: "" }].map(silence),
      ...[
        [50, 40],
        [-50, 40],
        [50, 90],
        [50, 50],
      ].map(([from, to]) => silence({ startsAt: at(from!), endsAt: at(to!) })),
    ];
    const up = (value: string): object => ({ matchers: [{ name: "up", value, isRegex: false }] });
    await compare([
      ...bodies.map((body) => ({ method: "POST", path: SILENCES, body })),
      { method: "POST", path: SILENCES, body: silence(up("1")), as: "first" },
      { method: "GET", path: "/api/v2/silence/$first" },
      { method: "POST", path: SILENCES, body: silence({ ...up("1"), id: "$first", comment: "other" }) },
      { method: "GET", path: "/api/v2/silence/$first" },
      { method: "POST", path: SILENCES, body: silence({ ...up("2"), id: "$first" }), as: "second" },
      { method: "GET", path: "/api/v2/silence/$first" },
      { method: "GET", path: "/api/v2/silence/$second" },
      { method: "DELETE", path: "/api/v2/silence/$second" },
      { method: "DELETE", path: "/api/v2/silence/$second" },
      { method: "POST", path: SILENCES, body: silence({ ...up("2"), id: "$second" }) },
      { method: "POST", path: SILENCES, body: silence({ ...up("3"), startsAt: at(500) }), as: "pending" },
      { method: "DELETE", path: "/api/v2/silence/$pending" },
      { method: "GET", path: "/api/v2/silence/$pending" },
      ...["GET", "DELETE"].flatMap((method) => [
        { method, path: "/api/v2/silence/00000000-0000-0000-0000-000000000000" },
        { method, path: "/api/v2/silence/abc" },
      ]),
    ]);
  });

  test("filters of alerts, groups, silences and receivers", async () => {
    const alerts = [
      alert(
        { alertname: "X", g: "1", x: "1", inst: "a" },
        { annotations: { sum: "<b>&'\"ü\u2028" }, generatorURL: "http://g/?a=1&b=2" },
      ),
      alert({ alertname: "X", g: "1", x: "2" }),
      alert({ alertname: "Y", g: "2", m: "1" }),
      alert({ alertname: "source", s: "1", e: "q" }),
      alert({ alertname: "target", s: "2", e: "q" }),
      alert({ alertname: "target without equal", s: "2" }),
      alert({ alertname: "silenced", up: "1", a: "b" }),
      alert({ alertname: "resolved" }, { endsAt: at(0) }),
      alert({ alertname: "future" }, { startsAt: at(600), endsAt: at(1200) }),
      alert({ alertname: "u", "ü.x": "y z" }),
    ];
    await compare([{ method: "POST", path: ALERTS, body: alerts }]);
    // Muting by time is known after a group's first flush.
    for (const side of SIDES) {
      await waitUntil(`${side} has muted a group`, 30_000, async () =>
        (await ask(side, { method: "GET", path: `${ALERTS}/groups` })).includes('"mutedBy":["always"]'),
      );
    }
    const queries = [
      ...[
        "filter=a%3Db&filter=up%3D1",
        "filter[]=a",
        "receiver=a",
        "receiver=b|c",
        "receiver=(",
        "receiver=",
        "receiver=nope",
      ],
      ...[
        "receiver_matchers=team%3Dq",
        "receiver_matchers=team",
        "receiver=.*",
        "receiver=A",
        "muted=false",
        "unknown=1",
      ],
      ...["active", "silenced", "inhibited", "unprocessed"].flatMap((flag) => [
        `${flag}=false`,
        `${flag}=true`,
        `${flag}=x`,
      ]),
      ...[
        "active=false&active=true",
        "active=",
        "active=0",
        "active=TRUE",
        "active=false&silenced=false&inhibited=false",
      ],
    ];
    await compare([
      ...FILTERS.flatMap((filter) =>
        [ALERTS, SILENCES, `${ALERTS}/groups`].map((path) => ({
          method: "GET",
          path: `${path}?filter=${encodeURIComponent(filter)}`,
        })),
      ),
      ...queries.flatMap((query) =>
        [ALERTS, `${ALERTS}/groups`, SILENCES, "/api/v2/receivers"].map((path) => ({
          method: "GET",
          path: `${path}?${query}`,
        })),
      ),
    ]);
  });

  test("names, types and labels of the metrics", async () => {
    const page = async (side: Side): Promise<readonly string[]> =>
      (await (await fetch(`${servers.get(side)!.url}/metrics`)).text()).split("\n");
    // A path that leads nowhere may have another name.
    const kept = (line: string): boolean =>
      /^# TYPE (?:alertmanager|process|promhttp)_/.test(line) ||
      (/^alertmanager_/.test(line) && !/_build_info|_bucket|code="404"/.test(line));
    const names = async (side: Side): Promise<readonly string[]> =>
      (await page(side))
        .filter(kept)
        .map((line) => (line.startsWith("#") ? line : line.replace(/ [^ ]*$/, "")))
        .sort();
    // A reason of suppression is there from the first flush that met it, and each side flushes at moments of its own.
    const deadline = Date.now() + 60_000;
    for (;;) {
      const [real, vestal] = await Promise.all([names("real"), names("vestal")]);
      if (Date.now() > deadline || real!.join() === vestal!.join()) {
        expect(vestal).toEqual(real);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
});

describe.each(["classic-mode", "utf8-strict-mode"])("with %s", (mode) => {
  beforeAll(() => startBoth([`--enable-feature=${mode}`]));
  afterAll(endBoth);

  test("filters and names", async () => {
    await compare([
      { method: "POST", path: ALERTS, body: [alert({ alertname: "X" }), alert({ "ü.x": "y z" })] },
      { method: "POST", path: SILENCES, body: matcher("ü", "x") },
      { method: "POST", path: SILENCES, body: matcher("a", "x") },
      ...FILTERS.map((filter) => ({ method: "GET", path: `${SILENCES}?filter=${encodeURIComponent(filter)}` })),
    ]);
  });
});

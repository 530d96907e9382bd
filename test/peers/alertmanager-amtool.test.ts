/** Every command of amtool that asks a server, against the real Alertmanager and Vestal's: the same output, the same exit code. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { killAll, makeFolder, removeFolder, type Server, startAlertmanager, waitUntil } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

type Side = "real" | "vestal";
const SIDES: readonly Side[] = ["real", "vestal"];
const CONFIG = `
route:
  receiver: a
  group_by: [alertname]
  group_wait: 200ms
  routes:
  - {matchers: ['team="x"'], receiver: b, continue: true}
  - {matchers: ['team=~"x|y"', 'größe!="1"'], receiver: c}
receivers: [{name: a}, {name: b}, {name: c}]
inhibit_rules: [{source_matchers: [s="1"], target_matchers: [s="2"]}]
`;

let folder = "";
const servers = new Map<Side, Server>();
const ids = new Map<string, string>();

/** What differs by the moment and the server. */
function isolated(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: UTC|Z)?/g, "TIME")
    .replace(/127\.0\.0\.1:\d+/g, "ADDRESS")
    .replace(/[ \t]+$/gm, "");
}

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function amtool(side: Side, args: readonly string[], input = ""): Promise<Said> {
  const url = `--alertmanager.url=${servers.get(side)!.url}`;
  const child = spawn(peerBinary("amtool"), [url, ...args], { cwd: folder, env: { ...process.env, HOME: folder } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

async function compare(...commands: readonly (readonly string[])[]): Promise<void> {
  for (const command of commands) {
    const [real, vestal] = await Promise.all(
      SIDES.map(async (side) => {
        const args = command.map((arg) =>
          arg.replace(/\$(\w+)/g, (_, name: string) => ids.get(`${side} ${name}`) ?? ""),
        );
        const { code, stdout, stderr } = await amtool(side, args);
        return { code, stdout: isolated(stdout), stderr: isolated(stderr) };
      }),
    );
    expect(vestal, command.join(" ")).toEqual(real);
  }
}

/** Remembers the id that the command prints as `$NAME`. */
async function remember(name: string, ...args: readonly string[]): Promise<void> {
  for (const side of SIDES) {
    const { code, stdout, stderr } = await amtool(side, args);
    expect({ side, code, stderr }).toEqual({ side, code: 0, stderr: "" });
    ids.set(`${side} ${name}`, stdout.trim());
  }
}

beforeAll(async () => {
  folder = makeFolder();
  await Promise.all(SIDES.map(async (side) => servers.set(side, await startAlertmanager(side, folder, CONFIG))));
});
afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

test("alert add and alert query", async () => {
  await compare(
    ["alert", "add", "alertname=one", "team=x", "--annotation=summary=first", "--generator-url=http://g/x"],
    ["alert", "add", "two", "node=n 1", "--end=2099-01-01T00:00:00Z", "--annotation=a=b"],
    ["alert", "add", "alertname=src", "s=1"],
    ["alert", "add", "alertname=tgt", "s=2"],
    ["alert", "add", "größe=1", "alertname=u"],
    ["alert", "add", "past", "--start=2020-01-02T00:00:00Z", "--end=2020-01-01T00:00:00Z"],
    ["alert", "add", "novalue="],
  );
  for (const side of SIDES) {
    await waitUntil(`${side} has five alerts`, 30_000, async () => {
      const answer = await fetch(`${servers.get(side)!.url}/api/v2/alerts`);
      return ((await answer.json()) as readonly object[]).length >= 5;
    });
  }
  await compare(
    ["alert", "query", "alertname=one"],
    ["alert", "query", "alertname=one", "-o", "extended"],
    ["alert", "query", "alertname=~o.*", "-o", "json"],
    ["alert", "query", "one"],
    ["alert", "query", "--inhibited"],
    ["alert", "query", "--silenced"],
    ["alert", "query", "--active", "s=2"],
    ["alert", "query", "--unprocessed", "alertname=one"],
    ["alert", "query", "--receiver=b", "team=x"],
    ["alert", "query", "--receiver=("],
    ["alert", "query", "alertname=~("],
    ["alert", "query", '"größe"="1"'],
  );
});

test("silence add, query, update, expire, import", async () => {
  await compare(
    ["silence", "add", "alertname=one"],
    ["silence", "add", "--comment=c", "--duration=x", "a=b"],
    ["silence", "add", "--comment=c", "a=~("],
    ["silence", "add", "--comment=c", "a="],
    [
      "silence",
      "add",
      "--comment=c",
      "--author=me",
      "--start=2099-01-01T00:00:00Z",
      "--end=2098-01-01T00:00:00Z",
      "a=b",
    ],
  );
  await remember(
    "one",
    "silence",
    "add",
    "--author=me",
    "--comment=first one",
    "--duration=2h",
    "alertname=one",
    "team=~x|y",
  );
  await remember(
    "two",
    "silence",
    "add",
    "--author=you",
    "--comment=later",
    "--start=2099-01-01T00:00:00Z",
    "--end=2099-01-02T00:00:00Z",
    "b!=c",
    "d!~e.*",
    "f=g",
  );
  await remember("three", "silence", "add", "--author=me", "--comment=utf8", "--annotation=k=v", '"größe.x"="ü"');
  await compare(
    ["silence", "query", "alertname=one"],
    ["silence", "query", "alertname=one", "-o", "extended"],
    ["silence", "query", "f=g", "-o", "json"],
    ["silence", "query", "-q", "f=g"],
    ["silence", "query", "--id=$one"],
    ["silence", "query", "--created-by=you"],
    ["silence", "query", "--within=3h"],
    ["silence", "query", "--expired"],
    ["silence", "query", '"größe.x"="ü"', "-o", "extended"],
    ["silence", "update", "$one", "--duration=3h", "--comment=changed"],
    ["silence", "update", "00000000-0000-0000-0000-000000000000", "--duration=3h"],
    ["silence", "update", "nothing"],
    ["silence", "query", "alertname=one", "-o", "extended"],
    ["alert", "query", "--silenced"],
    ["silence", "expire", "$two"],
    ["silence", "expire", "00000000-0000-0000-0000-000000000000"],
    ["silence", "expire"],
    ["silence", "query", "--expired", "f=g", "-o", "extended"],
  );
  const list = [
    {
      matchers: [{ name: "imported", value: "1", isRegex: false, isEqual: true }],
      startsAt: "2099-01-01T00:00:00Z",
      endsAt: "2099-02-01T00:00:00Z",
      createdBy: "import",
      comment: "from a file",
    },
  ];
  writeFileSync(join(folder, "silences.json"), JSON.stringify(list));
  writeFileSync(join(folder, "bad.json"), JSON.stringify([{ ...list[0], matchers: [] }]));
  await compare(
    ["silence", "import", "silences.json"],
    ["silence", "import", "--force", "silences.json"],
    ["silence", "import", "bad.json"],
    ["silence", "query", "imported=1", "-o", "extended"],
  );
});

test("cluster, config and routes of the server", async () => {
  await compare(
    ["config", "show"],
    ["config", "routes"],
    ["config", "routes", "test", "team=x"],
    ["config", "routes", "test", "--verify.receivers=b,c", "team=x", "größe=2"],
    ["config", "routes", "test", "--verify.receivers=a", "team=x"],
    ["config", "routes", "test", "--tree", "team=y"],
  );
  // Names and addresses are the members' own; the words around them are not.
  for (const side of SIDES) {
    const { code, stdout } = await amtool(side, ["cluster", "show"]);
    expect({ side, code, says: stdout.includes("Cluster Status:") }).toEqual({ side, code: 0, says: true });
  }
});

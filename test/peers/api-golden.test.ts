/** Asks the real Prometheus the golden requests: does `test/golden/api/answers.json` still hold? With RECORD=1 it is written anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { exchange } from "../support/http.js";
import { killAll, makeFolder, removeFolder, startPrometheus } from "./harness.js";

const PORT = 21_720;
const FILE = join(packageRoot(), "test/golden/api/answers.json");

interface Golden {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly form?: string;
  readonly status: number;
  readonly type?: string;
  readonly allow?: string;
  readonly location?: string;
  readonly body: string;
}

const golden = JSON.parse(readFileSync(FILE, "utf8")) as Golden[];
/** A race of two time-outs in Prometheus. */
const UNSTABLE: ReadonlySet<string> = new Set(["query with a timeout that is NaN", "query with a timeout of zero"]);

const CONFIG = {
  scrape_configs: [
    { job_name: "prometheus", static_configs: [{ targets: [`127.0.0.1:${PORT}`] }] },
    { job_name: "gone", static_configs: [{ targets: ["127.0.0.1:21799"] }] },
  ],
};

const folder = makeFolder();
beforeAll(async () => {
  await startPrometheus({ config: CONFIG, port: PORT, folder });
});
afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

async function ask(request: Golden): Promise<Golden> {
  const { name, method, path, form } = request;
  const received = await exchange(PORT, form === undefined ? { method, path } : { method, path, form });
  const header = (key: string): string | undefined => received.headers[key] as string | undefined;
  return {
    name,
    method,
    path,
    ...(form === undefined ? {} : { form }),
    status: received.status,
    ...Object.fromEntries(
      [
        ["type", header("content-type")],
        ["allow", header("allow")],
        ["location", header("location")],
      ].filter(([, value]) => value !== undefined),
    ),
    body: received.body.toString(),
  };
}

test.runIf(process.env["RECORD"] === "1")("record", async () => {
  const answers: Golden[] = [];
  for (const request of golden) answers.push(await ask(request));
  writeFileSync(FILE, `[\n${answers.map((answer) => `  ${JSON.stringify(answer)}`).join(",\n")}\n]\n`);
});

test.each(golden.filter(({ name }) => !UNSTABLE.has(name)))("$name", async (request) => {
  const answer = await ask(request);
  // The body of a successful answer depends on the data and the time.
  const body = request.status === 200 ? request.body : answer.body;
  expect({ ...answer, body }).toEqual(request);
});

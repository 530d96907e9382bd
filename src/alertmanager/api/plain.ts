/** Everything that is not API version 2: health, reload, metrics, what is left of version 1, and the notifications' history. */
import { type Answer, type ApiRequest, json, moved, text } from "./answer.js";

export interface PlainDeps {
  history(): Answer;
  reload(): Promise<Answer>;
  metrics(): string;
}

type Handler = (deps: PlainDeps) => Answer | Promise<Answer>;

interface Endpoint {
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

const ok: Handler = () => text("OK");

const ENDPOINTS: readonly Endpoint[] = [
  { pattern: /^\/-\/(?:healthy|ready)$/, methods: { GET: ok, HEAD: () => ({ status: 200, body: "" }) } },
  { pattern: /^\/-\/reload$/, methods: { POST: (deps) => deps.reload() } },
  {
    pattern: /^\/metrics$/,
    methods: {
      GET: (deps) => ({
        status: 200,
        type: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        body: deps.metrics(),
      }),
    },
  },
  { pattern: /^\/api\/v1\/notifications\/history$/, methods: { GET: (deps) => deps.history() } },
  { pattern: /^\/api\/v1\/(?:alerts|silences)$/, methods: { GET: gone, POST: gone } },
  { pattern: /^\/api\/v1\/silence\/[^/]+$/, methods: { GET: gone, DELETE: gone } },
  { pattern: /^\/api\/v1\/(?:receivers|status)$/, methods: { GET: gone } },
  { pattern: /^\/api\/v2$/, methods: { GET: () => moved("GET", "/api/v2/"), POST: () => moved("POST", "/api/v2/") } },
];

export async function handlePlain({ method, path }: ApiRequest, deps: PlainDeps): Promise<Answer> {
  const endpoint = ENDPOINTS.find(({ pattern }) => pattern.test(path));
  if (endpoint === undefined) return text("404 page not found\n", 404);
  const { methods } = endpoint;
  if (Object.hasOwn(methods, method)) return await methods[method]!(deps);
  const allow = [...Object.keys(methods), "OPTIONS"].sort().join(", ");
  if (method === "OPTIONS") return { status: 200, headers: { Allow: allow }, body: "" };
  const refusal = text("Method Not Allowed\n", 405);
  return { ...refusal, headers: { ...refusal.headers, Allow: allow } };
}

function gone(): Answer {
  return json(
    {
      status: "deprecated",
      error:
        "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the " +
        "equivalent route in the v2 API",
    },
    410,
  );
}

/** How the server computes an expression: its plan as a tree, with what each part gave and took. */
import { useEffect, useState } from "preact/hooks";
import { type ApiAnswer, get, type Params, reasonText } from "./api.js";
import { bytesText, secondsText } from "./format.js";

interface PlanNode {
  readonly node: string;
  readonly expression: string;
  readonly selector?: string;
  readonly steps: number;
  readonly series: number;
  readonly samples: number;
  readonly bytes: number;
  /** With what is below it. */
  readonly seconds: number;
  readonly children: readonly PlanNode[];
}

export function Explain({ query }: { query: Params }) {
  const [answer, setAnswer] = useState<ApiAnswer<{ readonly plan: PlanNode }>>();
  const [error, setError] = useState<string>();
  const key = JSON.stringify(query);
  useEffect(() => {
    const controller = new AbortController();
    get<{ readonly plan: PlanNode }>("explain", query, controller.signal).then(
      (found) => {
        setAnswer(found);
        setError(undefined);
      },
      (reason: unknown) => {
        if (!controller.signal.aborted) setError(reasonText(reason));
      },
    );
    return () => controller.abort();
  }, [key]);
  if (error !== undefined) {
    return (
      <p class="note error" role="alert">
        {error}
      </p>
    );
  }
  if (answer === undefined) return <p class="muted">Loading…</p>;
  const { plan } = answer.data;
  return (
    <ul class="tree plan" aria-label="Plan">
      <PlanBranch node={plan} totalSeconds={plan.seconds} depth={0} />
    </ul>
  );
}

const OPEN_DEPTH = 6;

function PlanBranch({ node, totalSeconds, depth }: { node: PlanNode; totalSeconds: number; depth: number }) {
  const below = node.children.reduce((sum, { seconds }) => sum + seconds, 0);
  const own = Math.max(0, node.seconds - below);
  const share = totalSeconds > 0 ? Math.min(1, own / totalSeconds) : 0;
  const facts = (
    <>
      <strong>{node.node}</strong> <code>{node.expression}</code>{" "}
      <span class="muted">
        {node.series.toLocaleString()} series, {node.samples.toLocaleString()} values, {bytesText(node.bytes)},{" "}
        {secondsText(own)} of its own ({Math.round(share * 100)}%)
      </span>
      <meter min={0} max={1} value={share} aria-hidden="true" />
    </>
  );
  if (node.children.length === 0) return <li>{facts}</li>;
  return (
    <li>
      <details open={depth < OPEN_DEPTH}>
        <summary>{facts}</summary>
        <ul>
          {node.children.map((child, i) => (
            <PlanBranch key={`${i} ${child.expression}`} node={child} totalSeconds={totalSeconds} depth={depth + 1} />
          ))}
        </ul>
      </details>
    </li>
  );
}

/** Text panels. Markdown's simple forms; whatever looks like HTML stays text. */
import type { ComponentChildren } from "preact";
import type { Panel } from "../grafana.js";
import { textOf } from "../json.js";

const BLOCKS_MAX = 2000;

export function TextPanel({
  panel,
  fill,
  linkOf,
}: {
  panel: Panel;
  fill: (text: string) => string;
  linkOf: (url: string) => string | undefined;
}) {
  const content = fill(textOf(panel.options["content"]));
  const mode = textOf(panel.options["mode"], "markdown");
  if (mode === "code") return <pre>{content}</pre>;
  if (mode === "html") {
    return (
      <>
        <p class="muted">HTML of dashboards is shown as text.</p>
        <pre>{content}</pre>
      </>
    );
  }
  return <div class="prose">{blocks(content, linkOf)}</div>;
}

type LinkOf = (url: string) => string | undefined;

function blocks(text: string, linkOf: LinkOf): ComponentChildren {
  const lines = text.replaceAll("\r", "").split("\n").slice(0, BLOCKS_MAX);
  const out: ComponentChildren[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i] ?? "";
    if (line.startsWith("```")) {
      const end = lines.findIndex((each, j) => j > i && each.startsWith("```"));
      const to = end < 0 ? lines.length : end;
      out.push(<pre key={i}>{lines.slice(i + 1, to).join("\n")}</pre>);
      i = to + 1;
      continue;
    }
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading !== null) {
      // Below the dashboard's and the panel's heading, whatever the text says.
      out.push(<h3 key={i}>{inline(heading[2] ?? "", linkOf)}</h3>);
      i++;
      continue;
    }
    if (/^\s*([-*+]|\d+\.)\s+/.test(line)) {
      const from = i;
      while (i < lines.length && /^\s*([-*+]|\d+\.)\s+/.test(lines[i] ?? "")) i++;
      const items = lines.slice(from, i).map((each) => each.replace(/^\s*([-*+]|\d+\.)\s+/, ""));
      out.push(
        <ul key={from}>
          {items.map((item, j) => (
            <li key={`${j} ${item}`}>{inline(item, linkOf)}</li>
          ))}
        </ul>,
      );
      continue;
    }
    if (line.trim() === "") {
      i++;
      continue;
    }
    const from = i;
    while (i < lines.length && (lines[i] ?? "").trim() !== "" && !/^(#|```|\s*([-*+]|\d+\.)\s)/.test(lines[i] ?? ""))
      i++;
    if (i === from) i++;
    out.push(<p key={from}>{inline(lines.slice(from, i).join(" "), linkOf)}</p>);
  }
  return out;
}

/** `code`, **strong**, *emphasis*, [text](address). */
function inline(text: string, linkOf: LinkOf): ComponentChildren {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]*\]\([^)\s]+\))/);
  return parts.map((part, i) => {
    const key = `${i}`;
    if (i % 2 === 0) return part;
    if (part.startsWith("`")) return <code key={key}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*")) return <em key={key}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]*)\]\(([^)\s]+)\)$/.exec(part);
    const href = linkOf(link?.[2] ?? "");
    return href === undefined ? (
      part
    ) : (
      <a key={key} href={href}>
        {link?.[1]}
      </a>
    );
  });
}

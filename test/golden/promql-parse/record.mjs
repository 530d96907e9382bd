// Asks two running Prometheus for their verdict on each line of expressions.json and writes answers.json; see README.md.
//
//   node record.mjs http://127.0.0.1:21000 http://127.0.0.1:21001     (with and without feature flags)
import { readFileSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const [withFeatures, plain] = process.argv.slice(2);

async function ask(base, path, query) {
  const response = await fetch(`${base}/api/v1/${path}`, { method: "POST", body: new URLSearchParams({ query }) });
  const answer = await response.json();
  return answer.status === "success" ? { data: answer.data } : { error: answer.error };
}

async function verdict(base, query) {
  const { data, error } = await ask(base, "parse_query", query);
  if (error !== undefined) return { error: error.replace('invalid parameter "query": ', "") };
  return { tree: data, formatted: (await ask(base, "format_query", query)).data };
}

const answers = [];
for (const query of JSON.parse(readFileSync(new URL("expressions.json", here), "utf8"))) {
  const featured = await verdict(withFeatures, query);
  const other = await verdict(plain, query);
  const differs = JSON.stringify(featured) !== JSON.stringify(other);
  answers.push({ query, features: featured, ...(differs ? { plain: other } : {}) });
}
writeFileSync(new URL("answers.json", here), `[\n${answers.map((answer) => JSON.stringify(answer)).join(",\n")}\n]\n`);

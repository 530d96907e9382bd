import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, parseJson } from "./api.js";
import { at, entriesAt, flagAt, itemsAt, textAt, textsAt } from "./json.js";
import { address, type Labels, sanitizeLabelName, separated } from "./labels.js";

const JSON_TYPE = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

export async function puppetdbGroups(
  api: Api,
  { section }: ApiDiscoveryOf<"puppetdb">,
): Promise<readonly TargetGroup[]> {
  const { query, port } = section;
  const url = `${section.url.replace(/\/+$/, "")}/pdb/query/v4`;
  const headers = { accept: "application/json", "content-type": "application/json" };
  const answer = await api.answer({ method: "POST", url, headers, body: JSON.stringify({ query }) });
  if (answer.status !== 200) throw new VestalError("DISCOVERY", `server returned HTTP status ${answer.status}`);
  const type = answer.headers["content-type"] ?? "";
  if (!JSON_TYPE.test(type)) throw new VestalError("DISCOVERY", `unsupported content type ${type}`);
  const own = "__meta_puppetdb_";
  const targets = itemsAt(parseJson(answer.body.toString("utf8"))).map((resource) => {
    const tags = textsAt(resource, "tags");
    return {
      __address__: address(textAt(resource, "certname"), port),
      [`${own}query`]: query,
      [`${own}certname`]: textAt(resource, "certname"),
      [`${own}resource`]: textAt(resource, "resource"),
      [`${own}type`]: textAt(resource, "type"),
      [`${own}title`]: textAt(resource, "title"),
      [`${own}exported`]: flagAt(resource, "exported"),
      [`${own}file`]: textAt(resource, "file"),
      [`${own}environment`]: textAt(resource, "environment"),
      ...(tags.length > 0 && { [`${own}tags`]: separated(tags) }),
      ...(section.include_parameters && parameterLabels(`${own}parameter_`, at(resource, "parameters"))),
    };
  });
  return [{ source: `${url}?query=${query}`, targets, labels: {} }];
}

function parameterLabels(prefix: string, parameters: unknown): Labels {
  const labels: Labels = {};
  for (const [name, value] of entriesAt(parameters)) {
    const label = `${prefix}${sanitizeLabelName(name)}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      Object.assign(labels, parameterLabels(`${label}_`, value));
      continue;
    }
    const text = Array.isArray(value) ? value.map((item) => textAt(item)).join(",") : textAt(value);
    if (text !== "") labels[label] = text;
  }
  return labels;
}

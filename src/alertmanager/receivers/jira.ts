/** Jira: one issue for each group, found by its label, created or updated, and moved when all is resolved or fires again. */
import { VestalError } from "../../base/index.js";
import { quoteGo } from "../../model/index.js";
import type { jira } from "../config/receivers.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { goJson } from "../template-data.js";
import { checkResponse, failed, jsonProblem, noAnswer, Poster } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { expandTemplates } from "./payload.js";
import { groupHash, joinUrl, parseJson, truncateRunes } from "./text.js";

const SUMMARY_MAX = 255;
const DESCRIPTION_MAX = 32_767;
const SEARCH_FAILED = "failed to look up existing issues: HTTP request to JIRA API: ";

type JiraConfig = typeof jira.zero;
type Json = Readonly<Record<string, unknown>>;

/** Ends a notification with its result. */
class JiraError extends Error {
  readonly result: NotifyResult;
  constructor(result: NotifyResult) {
    super("jira");
    this.result = result;
  }
}

interface FieldConfig {
  readonly template: string;
  readonly isUpdated: boolean;
}

function fieldConfig({ template, enable_update }: JiraConfig["summary"]): FieldConfig {
  return { template, isUpdated: enable_update !== false };
}

export function jiraIntegration(config: JiraConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "jira",
    sendsResolved: config.send_resolved,
    send: async (notification) => {
      try {
        return await new JiraNotification(config, poster, notification).send();
      } catch (error) {
        if (error instanceof JiraError) return error.result;
        throw error;
      }
    },
    close: () => poster.close(),
  };
}

class JiraNotification {
  readonly #config: JiraConfig;
  readonly #poster: Poster;
  readonly #notification: Notification;

  constructor(config: JiraConfig, poster: Poster, notification: Notification) {
    this.#config = config;
    this.#poster = poster;
    this.#notification = notification;
  }

  async send(): Promise<NotifyResult> {
    const isFiring = this.#notification.data.status === "firing";
    const issue = await this.#search(isFiring);
    if (issue === undefined && !isFiring) return SENT;
    const fields = this.#fields(issue !== undefined);
    const path = issue === undefined ? "issue" : `issue/${String(issue["key"])}`;
    const method = issue === undefined ? "POST" : "PUT";
    await this.#request(
      method,
      joinUrl(this.#config.api_url, path),
      { fields },
      `failed to ${method} request to ${quoteGo(path)}: `,
    );
    if (issue !== undefined) await this.#transition(issue, isFiring);
    return SENT;
  }

  async #search(isFiring: boolean): Promise<Json | undefined> {
    const { wont_fix_resolution, reopen_duration, reopen_transition, project, api_type, api_url } = this.#config;
    const minutes = Math.trunc(reopen_duration / 60_000);
    const wontFix =
      wont_fix_resolution === "" ? "" : `(resolution is EMPTY or resolution != ${quoteGo(wont_fix_resolution)}) and `;
    const isReopened = isFiring && reopen_transition !== "" && minutes > 0;
    const open = isReopened
      ? `(resolutiondate is EMPTY OR resolutiondate >= -${minutes}m) and `
      : "statusCategory != Done and ";
    const label = `ALERT{${groupHash(this.#notification.context.groupKey)}}`;
    const jql =
      `${wontFix}${open}project=${quoteGo(this.#text(project, "failed to look up existing issues: invalid project template or value: "))} and labels=${quoteGo(label)} ` +
      "order by status ASC,resolutiondate DESC";
    const isCloud = api_type === "cloud" || (api_type === "auto" && new URL(api_url).host.endsWith("atlassian.net"));
    const url = isCloud
      ? joinUrl(api_url, "search/jql").replace("/rest/api/2/", "/rest/api/3/")
      : joinUrl(api_url, "search");
    const answer = await this.#request("POST", url, { fields: ["status"], jql, maxResults: 2 }, SEARCH_FAILED);
    const issues = answer?.["issues"];
    return Array.isArray(issues) ? (issues[0] as Json | undefined) : undefined;
  }

  #fields(isUpdate: boolean): object {
    const { context } = this.#notification;
    const config = this.#config;
    const text = (template: string, what: string): string => this.#text(template, `${what} template: `);
    const [summary, description] = [fieldConfig(config.summary), fieldConfig(config.description)];
    const shortened = truncateRunes(text(summary.template, "summary"), SUMMARY_MAX);
    const labels = [
      ...(config.labels ?? []).map((label, i) => text(label, `labels[${i}]`)),
      `ALERT{${groupHash(context.groupKey)}}`,
    ].sort();
    const priority = text(config.priority, "priority");
    const described = this.#description(truncateRunes(text(description.template, "description"), DESCRIPTION_MAX));
    const custom = expandTemplates(config.fields ?? {}, (template) => text(template, "fields")) as Json;
    const fields = {
      ...(described !== undefined && (!isUpdate || description.isUpdated) && { description: described }),
      issuetype: { name: text(config.issue_type, "issue_type") },
      labels,
      ...(priority !== "" && { priority: { name: priority } }),
      project: { key: text(config.project, "project") },
      ...((!isUpdate || summary.isUpdated) && { summary: shortened }),
      ...custom,
    };
    return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @throws VestalError whose message begins with `prefix`. */
  #text(template: string, prefix: string): string {
    try {
      return this.#notification.text(template);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      throw new VestalError(error.code, prefix + error.message, {}, error);
    }
  }

  /** Version 3 of the API wants a document, which is written as JSON. */
  #description(text: string): unknown {
    if (!/\/3\/*$/.test(new URL(this.#config.api_url).pathname)) return text === "" ? undefined : text;
    const trimmed = text.trim();
    if (trimmed === "") return undefined;
    try {
      return JSON.parse(trimmed);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new VestalError("CONFIG", "description template: invalid JSON for API v3");
    }
  }

  async #transition(issue: Json, isFiring: boolean): Promise<void> {
    const status = (issue["fields"] as Json | undefined)?.["status"] as Json | undefined;
    if (status === undefined) return;
    const isDone = (status["statusCategory"] as Json | undefined)?.["key"] === "done";
    if (isDone !== isFiring) return;
    const wanted = isFiring ? this.#config.reopen_transition : this.#config.resolve_transition;
    if (wanted === "") return;
    const key = String(issue["key"]);
    const url = joinUrl(this.#config.api_url, `issue/${key}/transitions`);
    const transitions = (await this.#request("GET", url, undefined, ""))?.["transitions"];
    const found = (Array.isArray(transitions) ? (transitions as Json[]) : []).find(({ name }) => name === wanted);
    if (found === undefined) throw new JiraError(failed(`can't find transition ${wanted} for issue ${key}`));
    await this.#request("POST", url, { transition: { id: found["id"] } }, "");
  }

  /** @param prefix  of a failure's message. */
  async #request(
    method: "GET" | "POST" | "PUT",
    url: string,
    body: object | undefined,
    prefix: string,
  ): Promise<Json | undefined> {
    const { signal } = this.#notification.context;
    let response: Awaited<ReturnType<Poster["post"]>>;
    try {
      response = await this.#poster.post({
        method,
        url,
        contentType: "application/json",
        headers: { "accept-language": "en" },
        body: body === undefined ? "" : `${goJson(body)}\n`,
        signal,
      });
    } catch (error) {
      throw new JiraError({ ...noAnswer(error, { isUrlShown: true, prefix }), kind: "failed" } as NotifyResult);
    }
    const result = checkResponse(response, { retryCodes: [429] });
    if (result.kind !== "sent") throw new JiraError({ ...result, message: prefix + result.message });
    const written = response.body.toString();
    // Of the answers only those to a search are read before anything depends on them.
    const problem = prefix === SEARCH_FAILED ? jsonProblem(written, true) : undefined;
    if (problem !== undefined) throw new JiraError(failed(`failed to look up existing issues: ${problem}`));
    return parseJson(written);
  }
}

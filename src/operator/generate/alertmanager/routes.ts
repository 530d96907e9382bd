/** Child routes, which the schema leaves open because a route contains routes. */
import type { AlertmanagerConfigRoute } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { isMapping } from "./file-schema.js";

const ROUTE_FIELDS = new Set([
  "receiver",
  "groupBy",
  "groupWait",
  "groupInterval",
  "repeatInterval",
  "matchers",
  "continue",
  "routes",
  "muteTimeIntervals",
  "activeTimeIntervals",
]);

const LISTS = ["groupBy", "matchers", "routes", "muteTimeIntervals", "activeTimeIntervals"];
const TEXTS = ["receiver", "groupWait", "groupInterval", "repeatInterval"];

/** @throws InvalidConfigurationError if a child is no route. */
export function childRoutes(route: AlertmanagerConfigRoute): readonly AlertmanagerConfigRoute[] {
  return (route.routes ?? []).map((child, index) => at(`routes[${index}]`, () => checkForm(child)));
}

const MATCHER_FIELDS = new Set(["name", "value", "matchType", "regex"]);

function checkMatcherForm(matcher: unknown): void {
  if (!isMapping(matcher)) invalid("matchers: expected an object");
  for (const name of Object.keys(matcher)) if (!MATCHER_FIELDS.has(name)) invalid(`matchers: unknown field "${name}"`);
}

function checkForm(child: unknown): AlertmanagerConfigRoute {
  if (!isMapping(child)) return invalid("expected a route");
  for (const [name, value] of Object.entries(child)) {
    if (!ROUTE_FIELDS.has(name)) invalid(`unknown field "${name}"`);
    if (value === null) continue;
    if (LISTS.includes(name) && !Array.isArray(value)) invalid(`${name}: expected a list`);
    if (TEXTS.includes(name) && typeof value !== "string") invalid(`${name}: expected text`);
    if (name === "matchers") (value as unknown[]).forEach(checkMatcherForm);
    if (name === "continue" && typeof value !== "boolean") invalid(`${name}: expected true or false`);
  }
  return child as AlertmanagerConfigRoute;
}

import { expect, test } from "vitest";
import { isCrossSite } from "./same-origin.js";

const externalUrl = new URL("https://monitoring.example.org/vestal/");

test.each<[what: string, headers: Readonly<Record<string, string>>, isRefused: boolean]>([
  ["no browser", {}, false],
  ["a page of this server", { "sec-fetch-site": "same-origin", origin: "http://10.0.0.1:9090" }, false],
  ["typed into the address bar", { "sec-fetch-site": "none" }, false],
  ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, true],
  ["another port or a sister domain", { "sec-fetch-site": "same-site" }, true],
  [
    "another site whose browser says no more than the origin",
    { origin: "https://evil.example", host: "10.0.0.1:9090" },
    true,
  ],
  ["an origin without a place, as of a file or a sandbox", { origin: "null", host: "10.0.0.1:9090" }, true],
  ["an older browser on a page of this server", { origin: "http://10.0.0.1:9090", host: "10.0.0.1:9090" }, false],
  [
    "the same behind a proxy that names another host",
    { origin: "https://monitoring.example.org", host: "vestal:9090" },
    false,
  ],
])("%s", (_what, headers, isRefused) => {
  expect(isCrossSite({ header: (name) => headers[name] ?? "" }, externalUrl)).toBe(isRefused);
});

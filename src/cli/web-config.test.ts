import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkWebConfig } from "./web-config.js";

const folder = mkdtempSync(join(tmpdir(), "web-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function check(content: string): () => void {
  const file = join(folder, "web.yml");
  writeFileSync(file, content);
  return () => checkWebConfig(file);
}

/** The operator mounts a file even where neither TLS nor passwords are asked for. */
test.each([[""], ["{}"], ["# nothing\n"], ["tls_server_config: {}\nbasic_auth_users:\n"]])(
  "%j asks for nothing",
  (content) => {
    expect(check(content)).not.toThrow();
  },
);

test.each([
  ["tls_server_config:\n  cert_file: a\n  key_file: b\n", "asks for tls_server_config,"],
  ["basic_auth_users:\n  a: b\n", "asks for basic_auth_users,"],
  ["http_server_config:\n  http2: false\n", "asks for http_server_config,"],
  ["a", "asks for all of it,"],
  ["a: [", "cannot read"],
])("%j is refused", (content, message) => {
  expect(check(content)).toThrow(message);
});

test("no file, no check; a missing file is refused", () => {
  expect(() => checkWebConfig("")).not.toThrow();
  expect(() => checkWebConfig(join(folder, "nope"))).toThrow("ENOENT");
});

/** What a configuration asks for and this version does not do: named one by one. A section leaves here when it works. */
import { quoteGo } from "../model/index.js";
import { discoveryFields } from "./schema/discovery.js";
import type { ConfigDocument } from "./schema/root.js";
import type { ScrapeSection } from "./schema/scrape.js";
import { API_MECHANISMS } from "./types.js";

const SUPPORTED_DISCOVERIES: ReadonlySet<string> = new Set([
  "static_configs",
  "file_sd_configs",
  "http_sd_configs",
  "dns_sd_configs",
  "kubernetes_sd_configs",
  ...API_MECHANISMS.map((mechanism) => `${mechanism}_sd_configs`),
]);

export function warningsOf(document: ConfigDocument, jobs: readonly ScrapeSection[]): readonly string[] {
  const warnings: string[] = [];
  const ignored = (name: string, what: string): void => {
    warnings.push(`${name} is not supported yet and is ignored: ${what}`);
  };
  const { storage } = document;
  warnings.push(...alertingWarnings(document));
  for (const endpoint of document.remote_write ?? []) {
    if (endpoint?.azuread?.certificate?.certificate_password) {
      ignored("remote_write.azuread.certificate.certificate_password", "certificates are read in PEM only");
    }
    if (endpoint?.round_robin_dns) ignored("remote_write.round_robin_dns", "names are resolved by the system");
  }
  if (document.tracing.endpoint !== "") ignored("tracing", "no traces are sent");
  if (storage.tsdb?.chunk_encoding.floats === "xor2") {
    ignored("storage.tsdb.chunk_encoding.floats", "chunks are written as xor, which Prometheus 3.5 can read");
  }
  if ((storage.tsdb?.stale_series_compaction_threshold ?? 0) > 0) {
    ignored("storage.tsdb.stale_series_compaction_threshold", "stale series leave the head with the next block");
  }
  for (const job of jobs) warnings.push(...jobWarnings(job));
  return warnings;
}

function alertingWarnings({ alerting }: ConfigDocument): readonly string[] {
  const warnings: string[] = [];
  for (const section of alerting.alertmanagers ?? []) {
    for (const key of Object.keys(discoveryFields)) {
      if (SUPPORTED_DISCOVERIES.has(key)) continue;
      // The keys of the table are keys of the section.
      if ((section?.[key as keyof typeof discoveryFields] ?? []).length > 0) {
        warnings.push(`${key} is not supported yet and is ignored: it finds no Alertmanagers`);
      }
    }
  }
  return warnings;
}

function jobWarnings(job: ScrapeSection): readonly string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(discoveryFields)) {
    if (SUPPORTED_DISCOVERIES.has(key)) continue;
    // The keys of the table are keys of the section.
    const sections = job[key as keyof typeof discoveryFields];
    if ((sections ?? []).length > 0) {
      warnings.push(`${key} is not supported yet and is ignored: job ${quoteGo(job.job_name)} finds no targets by it`);
    }
  }
  const references = [
    job.basic_auth?.username_ref,
    job.basic_auth?.password_ref,
    job.authorization?.credentials_ref,
    job.oauth2?.client_secret_ref,
    job.tls_config.ca_ref,
    job.tls_config.cert_ref,
    job.tls_config.key_ref,
  ];
  if (references.some((reference) => reference !== undefined && reference !== "")) {
    warnings.push(
      `a reference to a secret manager is ignored: there is none; job ${quoteGo(job.job_name)} sends no secret`,
    );
  }
  return warnings;
}

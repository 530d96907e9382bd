/**
 * Prometheus' own configuration files, good and bad. A file's name says the verdict, except where the released
 * Prometheus 3.5 decides (`EXCEPTIONS`); the words of a refusal are those of the binary or of Prometheus' own test.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../src/base/index.js";
import { loadConfig } from "../../src/config/index.js";
import type { AreaResult, FileResult } from "./result.js";

/** Files whose name gives no verdict, or another than the released binary's; undefined is good. */
const EXCEPTIONS: Readonly<Record<string, "good" | "bad">> = {
  "config_with_deprecated_am_api_config.yml": "bad",
  "otlp_allow_utf8.incompatible.yml": "bad",
  "otlp_no_translation.incompatible.yml": "bad",
  // 3.5: "pod role supports only pod selectors".
  "kubernetes_selectors_pod.good.yml": "bad",
};

/** @param dir  the folder `conformance/config`; `../kubernetes-sd/config-verdicts.json` belongs to it too. */
export async function run(dir: string): Promise<AreaResult> {
  const names = readdirSync(dir).filter((name) => name.endsWith(".yml"));
  const files = names.sort().map((name) => outcome(name, [() => judgeFile(dir, name)]));
  const verdicts = join(dir, "..", "kubernetes-sd", "config-verdicts.json");
  if (existsSync(verdicts)) files.push(judgeVerdicts(verdicts));
  return { files };
}

type Check = () => string | undefined;

function outcome(name: string, checks: readonly Check[]): FileResult {
  const failures = checks.map((check) => check()).filter((failure) => failure !== undefined);
  return { name, passed: checks.length - failures.length, failed: failures.length, skipped: 0, failures };
}

/** Why the file fails, or undefined. */
function judgeFile(folder: string, name: string): string | undefined {
  const expected = EXCEPTIONS[name] ?? (name.includes(".bad.") ? "bad" : "good");
  const problem = problemOf(readFileSync(join(folder, name), "utf8"), join(folder, name));
  if (expected === "good") return problem === undefined ? undefined : `must be accepted: ${problem}`;
  if (problem === undefined) return "must be refused";
  const words = REASONS[name];
  return words === undefined || problem.includes(words) ? undefined : `must be refused with "${words}": ${problem}`;
}

function judgeVerdicts(file: string): FileResult {
  const cases = JSON.parse(readFileSync(file, "utf8")) as {
    readonly name: string;
    readonly config: string;
    readonly ok: boolean;
    readonly error?: string;
  }[];
  return outcome(
    "kubernetes-sd/config-verdicts.json",
    cases.map(({ name, config, ok, error }) => () => {
      const problem = problemOf(config, `${name}.yml`);
      // Fields newer than 3.5 are accepted.
      if (!ok && error?.includes("field namespace not found")) {
        return problem === undefined ? undefined : `${name}: a newer field must be accepted: ${problem}`;
      }
      if (ok) return problem === undefined ? undefined : `${name}: must be accepted: ${problem}`;
      if (problem === undefined) return `${name}: must be refused: ${error}`;
      return problem.includes(error ?? "") ? undefined : `${name}: must be refused with "${error}": ${problem}`;
    }),
  );
}

function problemOf(text: string, file: string): string | undefined {
  try {
    loadConfig(text, { file, env: {} });
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

/** What the message must contain. */
const REASONS: Readonly<Record<string, string>> = {
  "azure_authentication_method.bad.yml":
    'unknown authentication_type "invalid". Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"',
  "azure_bearertoken_basicauth.bad.yml":
    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
  "azure_client_id_missing.bad.yml": "azure SD configuration requires a client_id",
  "azure_client_secret_missing.bad.yml": "azure SD configuration requires a client_secret",
  "azure_subscription_id_missing.bad.yml": "azure SD configuration requires a subscription_id",
  "azure_tenant_id_missing.bad.yml": "azure SD configuration requires a tenant_id",
  "bearertoken.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "bearertoken_basicauth.bad.yml":
    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
  "dropequal.bad.yml": "relabel configuration for dropequal action requires 'target_label' value",
  "dropequal1.bad.yml": "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
  "ec2_filters_empty_values.bad.yml": "EC2 SD configuration filter values cannot be empty",
  "ec2_token_file.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "empty_alert_relabel_config.bad.yml": "empty or null alert relabeling rule",
  "empty_alertmanager_relabel_config.bad.yml": "empty or null Alertmanager target relabeling rule",
  "empty_metric_relabel_config.bad.yml": "empty or null metric relabeling rule",
  "empty_rr_config.bad.yml": "empty or null remote read config section",
  "empty_rw_config.bad.yml": "empty or null remote write config section",
  "empty_rw_relabel_config.bad.yml": "empty or null relabeling rule in remote write config",
  "empty_scrape_config.bad.yml": "empty or null scrape config section",
  "empty_scrape_config_action.bad.yml": "relabel action cannot be empty",
  "empty_static_config.bad.yml": "empty or null section in static_configs",
  "empty_target_relabel_config.bad.yml": "empty or null target relabeling rule",
  "eureka_invalid_server.bad.yml": "invalid eureka server URL",
  "eureka_no_server.bad.yml": "empty or null eureka server",
  "hetzner_role.bad.yml": "unknown role",
  "http_token_file.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "http_url_bad_scheme.bad.yml": "URL scheme must be 'http' or 'https'",
  "http_url_no_host.bad.yml": "host is missing in URL",
  "http_url_no_scheme.bad.yml": "URL scheme must be 'http' or 'https'",
  "ionos_datacenter.bad.yml": "datacenter id can't be empty",
  "jobname.bad.yml": "job_name is empty",
  "jobname_dup.bad.yml": 'found multiple scrape configs with job name "prometheus"',
  "keepequal.bad.yml": "relabel configuration for keepequal action requires 'target_label' value",
  "keepequal1.bad.yml": "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
  "kubernetes_api_server_with_own_namespace.bad.yml":
    "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
  "kubernetes_authorization_basicauth.bad.yml": "at most one of basic_auth, oauth2 & authorization must be configured",
  "kubernetes_bearertoken.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "kubernetes_bearertoken_basicauth.bad.yml":
    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
  "kubernetes_http_config_without_api_server.bad.yml":
    "to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
  "kubernetes_kubeconfig_with_apiserver.bad.yml": "cannot use 'kubeconfig_file' and 'api_server' simultaneously",
  "kubernetes_kubeconfig_with_http_config.bad.yml":
    "cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
  "kubernetes_kubeconfig_with_own_namespace.bad.yml":
    "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously",
  "kubernetes_namespace_discovery.bad.yml": "field foo not found in type kubernetes.plain",
  "kubernetes_role.bad.yml": "role",
  "kubernetes_selectors_duplicated_role.bad.yml": "duplicated selector role: pod",
  "kubernetes_selectors_endpoints.bad.yml": "endpoints role supports only pod, service, endpoints selectors",
  "kubernetes_selectors_incorrect_selector.bad.yml":
    "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'",
  "kubernetes_selectors_ingress.bad.yml": "ingress role supports only ingress selectors",
  "kubernetes_selectors_node.bad.yml": "node role supports only node selectors",
  "kubernetes_selectors_pod.bad.yml": "pod role supports only pod selectors",
  "kubernetes_selectors_service.bad.yml": "service role supports only service selectors",
  "labeldrop.bad.yml": "labeldrop action requires only 'regex', and no other fields",
  "labeldrop2.bad.yml": "labeldrop action requires only 'regex', and no other fields",
  "labeldrop3.bad.yml": "labeldrop action requires only 'regex', and no other fields",
  "labeldrop4.bad.yml": "labeldrop action requires only 'regex', and no other fields",
  "labeldrop5.bad.yml": "labeldrop action requires only 'regex', and no other fields",
  "labelkeep.bad.yml": "labelkeep action requires only 'regex', and no other fields",
  "labelkeep2.bad.yml": "labelkeep action requires only 'regex', and no other fields",
  "labelkeep3.bad.yml": "labelkeep action requires only 'regex', and no other fields",
  "labelkeep4.bad.yml": "labelkeep action requires only 'regex', and no other fields",
  "labelkeep5.bad.yml": "labelkeep action requires only 'regex', and no other fields",
  "labelmap.bad.yml": "!!binary value contains invalid base64 data",
  "labelname.bad.yml": '"\\xff" is not a valid label name',
  "labelvalue.bad.yml": '"\\xff" is not a valid label value',
  "lightsail_token_file.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "lowercase.bad.yml": "relabel configuration for lowercase action requires 'target_label' value",
  "lowercase3.bad.yml": "'replacement' can not be set for lowercase action",
  "marathon_authtoken_authorization.bad.yml":
    "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured",
  "marathon_authtoken_authtokenfile.bad.yml":
    "marathon_sd: at most one of auth_token & auth_token_file must be configured",
  "marathon_authtoken_basicauth.bad.yml":
    "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured",
  "marathon_authtoken_bearertoken.bad.yml":
    "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured",
  "marathon_no_servers.bad.yml": "marathon_sd: must contain at least one Marathon server",
  "metric_name_validation_scheme.bad.yml":
    "unknown global name validation method specified, must be either 'legacy' or 'utf8', got invalid_scheme",
  "modulus_missing.bad.yml": "relabel configuration for hashmod requires non-zero modulus",
  "oci_authentication_method.bad.yml":
    'oci_sd: unknown auth method "invalid", expected "api_key" or "instance_principal"',
  "openstack_availability.bad.yml": "unknown availability invalid, must be one of admin, internal or public",
  "openstack_role.bad.yml": "unknown OpenStack SD role",
  "outscale_no_region.bad.yml": "outscale SD configuration requires a region",
  "outscale_no_secret.bad.yml": "one of secret_key & secret_key_file must be configured",
  "outscale_two_secrets.bad.yml": "at most one of secret_key & secret_key_file must be configured",
  "ovhcloud_bad_service.bad.yml": "unknown service: fakeservice",
  "ovhcloud_no_secret.bad.yml": "application secret can not be empty",
  "puppetdb_bad_url.bad.yml": "host is missing in URL",
  "puppetdb_no_query.bad.yml": "query missing",
  "puppetdb_no_scheme.bad.yml": "URL scheme must be 'http' or 'https'",
  "puppetdb_no_url.bad.yml": "URL is missing",
  "puppetdb_token_file.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
  "regex.bad.yml": "error parsing regexp",
  "remote_read_dup.bad.yml": 'found multiple remote read configs with job name "queue1"',
  "remote_read_header.bad.yml": "x-prometheus-remote-write-version is a reserved header. It must not be changed",
  "remote_read_url_missing.bad.yml": "url for remote_read is empty",
  "remote_write_authorization_header.bad.yml":
    "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter",
  "remote_write_dup.bad.yml": 'found multiple remote write configs with job name "queue1"',
  "remote_write_header.bad.yml": "x-prometheus-remote-write-version is a reserved header. It must not be changed",
  "remote_write_queue_capacity_zero.bad.yml": "remote write queue capacity must be positive",
  "remote_write_queue_max_backoff_less_than_min.bad.yml":
    "remote write queue max_backoff must not be less than min_backoff",
  "remote_write_queue_max_samples_per_send_zero.bad.yml": "remote write queue max_samples_per_send must be positive",
  "remote_write_queue_max_shards_zero.bad.yml": "remote write queue max_shards must be positive",
  "remote_write_queue_min_shards_greater_than_max.bad.yml":
    "remote write queue min_shards must not be greater than max_shards",
  "remote_write_queue_min_shards_zero.bad.yml": "remote write queue min_shards must be positive",
  "remote_write_url_missing.bad.yml": "url for remote_write is empty",
  "remote_write_wrong_msg.bad.yml":
    "invalid protobuf_message value: unknown remote write protobuf message io.prometheus.writet.v2.Request, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request",
  "rules.bad.yml": "invalid rule file path",
  "scaleway_no_secret.bad.yml": "one of secret_key & secret_key_file must be configured",
  "scaleway_role.bad.yml": 'unknown role "invalid"',
  "scaleway_two_secrets.bad.yml": "at most one of secret_key & secret_key_file must be configured",
  "scrape_body_size_limit.bad.yml": "units: unknown unit  in 100",
  "scrape_config_files_fallback_scrape_protocol1.bad.yml":
    'invalid fallback_scrape_protocol for scrape config with job name "node": unknown scrape protocol prometheusproto, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]',
  "scrape_config_files_fallback_scrape_protocol2.bad.yml": "unmarshal errors",
  "scrape_config_files_glob.bad.yml": 'invalid scrape config file path "scrape_configs/*/*"',
  "scrape_config_files_scrape_protocols.bad.yml":
    'scrape_protocols: unknown scrape protocol prometheusproto, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] for scrape config with job name "node"',
  "scrape_config_files_scrape_protocols2.bad.yml":
    'duplicated protocol in scrape_protocols, got [OpenMetricsText1.0.0 PrometheusProto OpenMetricsText1.0.0] for scrape config with job name "node"',
  "scrape_config_utf8_conflicting.bad.yml": "utf8 metric names requested but validation scheme is not set to UTF8",
  "scrape_interval.bad.yml": "scrape timeout greater than scrape interval",
  "section_key_dup.bad.yml": "field scrape_configs already set in type config.plain",
  "stackit_endpoint.bad.yml": "invalid endpoint",
  "target_label_hashmod_missing.bad.yml": "relabel configuration for hashmod action requires 'target_label' value",
  "target_label_missing.bad.yml": "relabel configuration for replace action requires 'target_label' value",
  "tracing_invalid_authorization_header.bad.yml": "authorization header configuration is not yet supported",
  "tracing_invalid_compression.bad.yml": "invalid compression type foo provided, valid options: gzip",
  "tracing_invalid_header.bad.yml": "x-prometheus-remote-write-version is a reserved header. It must not be changed",
  "tracing_missing_endpoint.bad.yml": "tracing endpoint must be set",
  "tsdb_chunk_encoding_floats.bad.yml":
    "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got \"xor3\"",
  "tsdb_chunk_encoding_floats_wrong_case.bad.yml":
    "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got \"XOR\"",
  "tsdb_chunk_encoding_floats_wrong_case_xor2.bad.yml":
    "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got \"XOR2\"",
  "tsdb_retention_percentage.bad.yml": "'storage.tsdb.retention.percentage' must be in the range [0, 100]",
  "tsdb_retention_percentage_negative.bad.yml": "'storage.tsdb.retention.percentage' must be in the range [0, 100]",
  "tsdb_retention_size.bad.yml": "'storage.tsdb.retention.size' must be greater than or equal to 0",
  "tsdb_retention_time.bad.yml": 'not a valid duration string: "-1h"',
  "unknown_attr.bad.yml": "field consult_sd_configs not found in type",
  "unknown_global_attr.bad.yml": "field nonexistent_field not found in type config.plain",
  "uppercase.bad.yml": "relabel configuration for uppercase action requires 'target_label' value",
  "uppercase3.bad.yml": "'replacement' can not be set for uppercase action",
  "url_in_targetgroup.bad.yml": '"http://bad" is not a valid hostname',
  "uyuni_no_server.bad.yml": "Uyuni SD configuration requires server host",
  "uyuni_token_file.bad.yml": "at most one of bearer_token & bearer_token_file must be configured",
};

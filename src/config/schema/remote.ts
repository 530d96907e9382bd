/** `remote_write` and `remote_read`. */
import {
  bool,
  duration,
  field,
  initialOf,
  int,
  map,
  newer,
  pointer,
  secret,
  secretMap,
  shown,
  struct,
  text,
  uint64,
  url,
} from "../shape.js";
import { finishHttpClient, httpClientFields, refuse } from "./http-client.js";
import { checkRules, refuseNullRules, rules } from "./relabel.js";

export const sigv4 = struct(
  "sigv4.plain",
  {
    region: field(text()),
    access_key: field(text()),
    secret_key: field(secret()),
    profile: field(text()),
    role_arn: field(text()),
    external_id: newer(text()),
    use_fips_sts_endpoint: newer(bool()),
    service_name: newer(text()),
  },
  (auth) => {
    if ((auth.access_key === "") !== (auth.secret_key === "")) {
      refuse("must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config");
    }
    if (auth.external_id !== "" && auth.role_arn === "") refuse("external_id can only be used with role_arn");
    return auth;
  },
);

const UUID = /^(?:urn:uuid:)?\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?$/;

export const azuread = struct(
  "azuread.plain",
  {
    managed_identity: field(pointer(struct("azuread.ManagedIdentityConfig", { client_id: field(text()) }))),
    workload_identity: newer(
      pointer(
        struct("azuread.WorkloadIdentityConfig", {
          client_id: field(text()),
          tenant_id: field(text()),
          token_file_path: field(text()),
        }),
      ),
    ),
    oauth: field(
      pointer(
        struct("azuread.OAuthConfig", {
          client_id: field(text()),
          client_secret: field(secret()),
          tenant_id: field(text()),
        }),
      ),
    ),
    sdk: field(pointer(struct("azuread.SDKConfig", { tenant_id: field(text()) }))),
    certificate: newer(
      pointer(
        struct("azuread.CertificateConfig", {
          client_id: field(text()),
          tenant_id: field(text()),
          certificate_path: field(text()),
          certificate_key_path: field(text()),
          certificate_password: field(secret()),
          send_certificate_chain: field(bool()),
        }),
      ),
    ),
    cloud: field(text(), "AzurePublic"),
    scope: newer(text()),
  },
  (written) => {
    const auth = { ...written, cloud: written.cloud || "AzurePublic" };
    if (!["AzureChina", "AzureGovernment", "AzurePublic"].includes(auth.cloud)) {
      refuse("must provide a cloud in the Azure AD config");
    }
    const ways = [auth.managed_identity, auth.workload_identity, auth.oauth, auth.sdk, auth.certificate];
    const configured = ways.filter((way) => way !== undefined).length;
    if (configured === 0) {
      refuse("must provide an Azure Managed Identity, Azure OAuth or Azure SDK in the Azure AD config");
    }
    if (configured > 1) refuse("cannot provide multiple authentication methods in the Azure AD config");
    const { managed_identity: managed, oauth, workload_identity: workload, certificate } = auth;
    if (managed && managed.client_id !== "" && !UUID.test(managed.client_id)) {
      refuse("the provided Azure Managed Identity client_id is invalid");
    }
    if (oauth) {
      for (const key of ["client_id", "client_secret", "tenant_id"] as const) {
        if (oauth[key] === "") refuse(`must provide an Azure OAuth ${key} in the Azure AD config`);
      }
      if (!UUID.test(oauth.client_id)) refuse("the provided Azure OAuth client_id is invalid");
    }
    if (workload) {
      for (const key of ["client_id", "tenant_id"] as const) {
        if (workload[key] === "") refuse(`must provide an Azure Workload Identity ${key} in the Azure AD config`);
        if (!UUID.test(workload[key])) refuse(`the provided Azure Workload Identity ${key} is invalid`);
      }
    }
    if (certificate) {
      for (const key of ["client_id", "tenant_id", "certificate_path"] as const) {
        if (certificate[key] === "") refuse(`must provide an Azure Certificate ${key} in the Azure AD config`);
      }
      if (!UUID.test(certificate.client_id)) refuse("the provided Azure Certificate client_id is invalid");
    }
    if (auth.scope !== "" && !/^[\w\s:/.-]+$/.test(auth.scope)) {
      refuse("the provided scope contains invalid characters");
    }
    return auth;
  },
);

const queue = struct("config.QueueConfig", {
  capacity: field(int(), 10_000),
  max_shards: field(int(), 50),
  min_shards: field(int(), 1),
  max_samples_per_send: field(int(), 2000),
  batch_send_deadline: field(duration(), 5000),
  min_backoff: field(duration(), 30),
  max_backoff: field(duration(), 5000),
  retry_on_http_429: field(bool()),
  sample_age_limit: field(duration()),
});

const metadata = struct("config.MetadataConfig", {
  send: shown(bool(), true),
  send_interval: shown(duration(), 60_000),
  max_samples_per_send: field(int(), 2000),
});

const PROTOBUF_MESSAGES = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"];

export const remoteWrite = struct(
  "config.plain",
  {
    url: shown(url()),
    remote_timeout: field(duration(), 30_000),
    headers: field(secretMap()),
    write_relabel_configs: field(rules()),
    name: field(text()),
    send_exemplars: field(bool()),
    send_native_histograms: field(bool()),
    round_robin_dns: field(bool()),
    protobuf_message: field(text(), "prometheus.WriteRequest"),
    failed_request_logging: newer(bool()),
    ...httpClientFields({ enableHttp2: false }),
    queue_config: field(queue, initialOf(queue)),
    metadata_config: field(metadata, initialOf(metadata)),
    sigv4: field(pointer(sigv4)),
    azuread: field(pointer(azuread)),
    google_iam: field(pointer(struct("googleiam.Config", { credentials_file: field(text()) }))),
  },
  (written) => {
    if (written.url === undefined) refuse("url for remote_write is empty");
    refuseNullRules(written.write_relabel_configs, "empty or null relabeling rule in remote write config");
    checkHeaders(written.headers);
    if (!PROTOBUF_MESSAGES.includes(written.protobuf_message)) {
      refuse(
        `invalid protobuf_message value: unknown remote write protobuf message ${written.protobuf_message}, ` +
          `supported: ${PROTOBUF_MESSAGES.join(", ")}`,
      );
    }
    const write = finishHttpClient(written);
    checkQueue(write.queue_config);
    checkRules(write.write_relabel_configs);
    const auths = (["basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam"] as const).filter(
      (way) => write[way] !== undefined,
    );
    if (auths.length > 1) {
      refuse(
        "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. " +
          `Currently configured: [${auths.join(" ")}]`,
      );
    }
    return write;
  },
);

function checkQueue(config: typeof queue.zero): void {
  if (config.max_shards <= 0) refuse("remote write queue max_shards must be positive");
  if (config.min_shards <= 0) refuse("remote write queue min_shards must be positive");
  if (config.min_shards > config.max_shards) {
    refuse("remote write queue min_shards must not be greater than max_shards");
  }
  if (config.max_samples_per_send <= 0) refuse("remote write queue max_samples_per_send must be positive");
  if (config.capacity <= 0) refuse("remote write queue capacity must be positive");
  if (config.max_backoff < config.min_backoff) {
    refuse("remote write queue max_backoff must not be less than min_backoff");
  }
}

export const remoteRead = struct(
  "config.plain",
  {
    url: shown(url()),
    remote_timeout: field(duration(), 60_000),
    chunked_read_limit: field(uint64(), 50_000_000),
    headers: field(secretMap()),
    read_recent: field(bool()),
    name: field(text()),
    ...httpClientFields(),
    required_matchers: field(map(text(), { goType: "model.LabelSet", labelNames: true })),
    filter_external_labels: field(bool(), true),
  },
  (read) => {
    if (read.url === undefined) refuse("url for remote_read is empty");
    checkHeaders(read.headers);
    return finishHttpClient(read);
  },
);

/** Headers that the protocol or the authentication sets. */
const RESERVED = new Set([
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
  "x-prometheus-remote-write-version",
  "x-prometheus-remote-read-version",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

export function checkHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  authorization = "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter",
): void {
  for (const name of Object.keys(headers ?? {})) {
    if (name.toLowerCase() === "authorization") refuse(authorization);
    if (RESERVED.has(name.toLowerCase())) refuse(`${name} is a reserved header. It must not be changed`);
  }
}

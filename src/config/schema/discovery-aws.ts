/** Discoveries of Amazon's services, alone and under the common `aws_sd_configs`. */
import { quoteGo } from "../../model/index.js";
import { checked, duration, field, int, list, secret, shown, strings, struct, text } from "../shape.js";
import { finishHttpClient, httpClientFields, refuse } from "./http-client.js";

const http = httpClientFields();
const ROLES = ["ec2", "ecs", "elasticache", "lightsail", "msk", "rds"];

const filters = () => list(struct("aws.Filter", { name: shown(text()), values: shown(strings()) }));

const credentials = {
  access_key: field(text()),
  secret_key: field(secret()),
  profile: field(text()),
  role_arn: field(text()),
  external_id: field(text()),
};
const refresh = field(duration(), 60_000);

const ec2 = struct(
  "aws.plain",
  {
    endpoint: shown(text()),
    region: shown(text()),
    ...credentials,
    refresh_interval: refresh,
    port: shown(int(), 80),
    filters: shown(filters()),
    ...http,
  },
  (sd) => {
    for (const filter of sd.filters ?? []) {
      if ((filter.values ?? []).length === 0) refuse("EC2 SD configuration filter values cannot be empty");
    }
    return finishHttpClient(sd);
  },
);

const clustered = {
  region: shown(text()),
  endpoint: shown(text()),
  ...credentials,
  clusters: field(strings()),
  port: shown(int(), 80),
  refresh_interval: refresh,
  request_concurrency: field(int(), 20),
  ...http,
};
const byCluster = struct("aws.plain", clustered, finishHttpClient);

const lightsail = struct(
  "aws.plain",
  {
    endpoint: shown(text()),
    region: shown(text()),
    ...credentials,
    refresh_interval: refresh,
    port: shown(int(), 80),
    ...http,
  },
  finishHttpClient,
);

const rds = struct("aws.plain", { ...clustered, filters: shown(filters()) }, finishHttpClient);

const aws = struct(
  "aws.plain",
  {
    role: shown(
      checked("string", (role) => {
        if (!ROLES.includes(role)) refuse(`unknown AWS SD role ${quoteGo(role)}`);
        return role;
      }),
    ),
    region: field(text()),
    endpoint: field(text()),
    ...credentials,
    refresh_interval: field(duration()),
    port: field(int()),
    ...http,
    filters: field(filters()),
    clusters: field(strings()),
  },
  (sd) => {
    if (sd.role === "") refuse(`unknown AWS SD role ${quoteGo(sd.role)}`);
    return finishHttpClient(sd);
  },
);

export const awsSections = { aws, ec2, ecs: byCluster, elasticache: byCluster, lightsail, msk: byCluster, rds };

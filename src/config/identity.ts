/** How a remote endpoint or an Alertmanager in a cloud is shown who we are. */
import type { azuread, sigv4 } from "./schema/remote.js";
import type { AzureWay, IdentityConfig } from "./types.js";

interface IdentitySections {
  readonly sigv4?: typeof sigv4.zero | undefined;
  readonly azuread?: typeof azuread.zero | undefined;
  readonly google_iam?: { readonly credentials_file: string } | undefined;
}

const MONITORING_SCOPE = "https://www.googleapis.com/auth/monitoring.write";
/** What Prometheus signs requests for, unless the section says otherwise. */
const DEFAULT_SERVICE = "aps";

/** At most one of them is there: the schema refuses more. */
export function buildIdentity({ sigv4: aws, azuread: azure, google_iam: google }: IdentitySections) {
  if (aws !== undefined) return awsIdentity(aws);
  if (azure !== undefined) return azureIdentity(azure);
  if (google === undefined) return undefined;
  const { credentials_file: credentialsFile } = google;
  return { kind: "google_iam", credentialsFile, scope: MONITORING_SCOPE } satisfies IdentityConfig;
}

function awsIdentity(section: typeof sigv4.zero): IdentityConfig {
  return {
    kind: "sigv4",
    region: section.region,
    accessKey: section.access_key,
    secretKey: section.secret_key,
    profile: section.profile,
    roleArn: section.role_arn,
    externalId: section.external_id,
    usesFipsSts: section.use_fips_sts_endpoint,
    service: section.service_name || DEFAULT_SERVICE,
  };
}

function azureIdentity(section: typeof azuread.zero): IdentityConfig {
  // The schema checks the cloud's name, and that there is one way.
  const cloud = section.cloud as "AzurePublic";
  return { kind: "azuread", cloud, scope: section.scope, way: azureWay(section) };
}

function azureWay(section: typeof azuread.zero): AzureWay {
  const { managed_identity: managed, workload_identity: workload, oauth, certificate, sdk } = section;
  if (managed !== undefined) return { kind: "managed", clientId: managed.client_id };
  if (workload !== undefined) {
    return {
      kind: "workload",
      clientId: workload.client_id,
      tenantId: workload.tenant_id,
      tokenFile: workload.token_file_path,
    };
  }
  if (oauth !== undefined) {
    return { kind: "secret", clientId: oauth.client_id, tenantId: oauth.tenant_id, secret: oauth.client_secret };
  }
  if (certificate !== undefined) {
    return {
      kind: "certificate",
      clientId: certificate.client_id,
      tenantId: certificate.tenant_id,
      certificateFile: certificate.certificate_path,
      keyFile: certificate.certificate_key_path,
      sendsChain: certificate.send_certificate_chain,
    };
  }
  return { kind: "sdk", tenantId: sdk?.tenant_id ?? "" };
}

/** Requests signed for Amazon's services. */
import { VestalError } from "../../base/index.js";
import { AwsCredentialChain } from "./aws-credentials.js";
import { readProfile } from "./aws-profile.js";
import { signAws } from "./aws-signature.js";
import { type Identity, type IdentityDeps, renewing } from "./identity.js";

export interface AwsOptions {
  /** Empty: of the environment, or of the profile. */
  readonly region: string;
  /** Empty, with the secret key: found as Amazon's SDKs do. */
  readonly accessKey: string;
  readonly secretKey: string;
  readonly profile: string;
  /** A role to take on with those credentials. */
  readonly roleArn: string;
  readonly externalId: string;
  readonly usesFipsSts: boolean;
  /** `aps` for remote write. */
  readonly service: string;
}

export function awsIdentity(options: AwsOptions, deps: IdentityDeps): Identity {
  const credentials = renewing(deps.nowMs, async () => {
    const chain = new AwsCredentialChain({ region: regionOf(options, deps), usesFips: options.usesFipsSts }, deps);
    const { accessKey, secretKey, profile, roleArn: arn, externalId } = options;
    const base =
      accessKey === ""
        ? await chain.find(profile)
        : { value: { accessKey, secretKey, sessionToken: "" }, renewMs: Number.POSITIVE_INFINITY };
    return arn === "" ? base : await chain.assumeRole(base.value, { arn, externalId, sessionName: "" });
  });
  return {
    headers: async (request) => {
      const scope = { region: regionOf(options, deps), service: options.service };
      return signAws(request, await credentials(), scope, deps.nowMs());
    },
  };
}

function regionOf({ region, profile }: AwsOptions, { env }: IdentityDeps): string {
  const name = profile === "" ? (env["AWS_PROFILE"] ?? "default") : profile;
  const found = region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || (readProfile(name, env)?.["region"] ?? "");
  if (found === "") throw new VestalError("IDENTITY", "region not configured in sigv4 or in default credentials chain");
  return found;
}

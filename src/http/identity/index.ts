import { azureIdentity } from "./azure.js";
import { googleIdentity } from "./google.js";
import type { Identity, IdentityDeps, IdentityOptions } from "./identity.js";
import { awsIdentity } from "./sigv4.js";

export type { AskTokens, Identity, IdentityDeps, IdentityOptions } from "./identity.js";
export { awsIdentity } from "./sigv4.js";

export function createIdentity(options: IdentityOptions, deps: IdentityDeps): Identity {
  switch (options.kind) {
    case "sigv4":
      return awsIdentity(options, deps);
    case "azuread":
      return azureIdentity(options, deps);
    case "google_iam":
      return googleIdentity(options, deps);
  }
}

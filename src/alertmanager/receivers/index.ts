/** A receiver's integrations, from its configuration. */
import type { ReceiverSection } from "../config/document.js";
import type { Integration } from "../pipeline/context.js";
import { type IntegrationDeps, type IntegrationSpec, integration } from "./integration.js";
import { webhookIntegration } from "./webhook.js";

export function buildIntegrations(receiver: ReceiverSection, deps: IntegrationDeps): readonly Integration[] {
  const built: Integration[] = [];
  const add = <T>(configs: readonly (T | undefined)[] | undefined, make: (config: T) => IntegrationSpec): void => {
    for (const [index, config] of (configs ?? []).entries()) {
      if (config !== undefined) built.push(integration(make(config), index, deps));
    }
  };
  add(receiver.webhook_configs, webhookIntegration);
  return built;
}

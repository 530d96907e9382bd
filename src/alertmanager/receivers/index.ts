/** A receiver's integrations, from its configuration, in the order in which Alertmanager builds them. */
import type { ReceiverSection } from "../config/document.js";
import type { Integration } from "../pipeline/context.js";
import { emailIntegration } from "./email.js";
import { type IntegrationDeps, type IntegrationSpec, integration } from "./integration.js";
import { jiraIntegration } from "./jira.js";
import { opsgenieIntegration } from "./opsgenie.js";
import { pagerdutyIntegration } from "./pagerduty.js";
import { rocketchatIntegration } from "./rocketchat.js";
import {
  discordIntegration,
  incidentioIntegration,
  mattermostIntegration,
  msteamsIntegration,
  msteamsv2Integration,
  pushoverIntegration,
  victoropsIntegration,
  webexIntegration,
} from "./simple.js";
import { slackIntegration } from "./slack.js";
import { snsIntegration } from "./sns.js";
import { telegramIntegration } from "./telegram.js";
import { webhookIntegration } from "./webhook.js";
import { wechatIntegration } from "./wechat.js";

export function buildIntegrations(receiver: ReceiverSection, deps: IntegrationDeps): readonly Integration[] {
  const built: Integration[] = [];
  const add = <T>(configs: readonly (T | undefined)[] | undefined, make: (config: T) => IntegrationSpec): void => {
    for (const [index, config] of (configs ?? []).entries()) {
      if (config !== undefined) built.push(integration(make(config), index, deps));
    }
  };
  add(receiver.webhook_configs, webhookIntegration);
  add(receiver.email_configs, emailIntegration);
  add(receiver.pagerduty_configs, pagerdutyIntegration);
  add(receiver.opsgenie_configs, opsgenieIntegration);
  add(receiver.wechat_configs, wechatIntegration);
  add(receiver.slack_configs, slackIntegration);
  add(receiver.victorops_configs, victoropsIntegration);
  add(receiver.pushover_configs, pushoverIntegration);
  add(receiver.sns_configs, snsIntegration);
  add(receiver.telegram_configs, telegramIntegration);
  add(receiver.discord_configs, discordIntegration);
  add(receiver.webex_configs, webexIntegration);
  add(receiver.msteams_configs, msteamsIntegration);
  add(receiver.msteamsv2_configs, msteamsv2Integration);
  add(receiver.incidentio_configs, incidentioIntegration);
  add(receiver.jira_configs, jiraIntegration);
  add(receiver.rocketchat_configs, rocketchatIntegration);
  add(receiver.mattermost_configs, mattermostIntegration);
  return built;
}

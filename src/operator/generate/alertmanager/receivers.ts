/** Receivers of an AlertmanagerConfig in Alertmanager's form. */

import { formatDuration } from "../../../model/index.js";
import type {
  AlertmanagerConfigReceiver,
  AlertmanagerConfigReceiverDiscordConfig,
  AlertmanagerConfigReceiverEmailConfig,
  AlertmanagerConfigReceiverMsteamsConfig,
  AlertmanagerConfigReceiverMsteamsv2Config,
  AlertmanagerConfigReceiverOpsgenieConfig,
  AlertmanagerConfigReceiverPagerdutyConfig,
  AlertmanagerConfigReceiverPushoverConfig,
  AlertmanagerConfigReceiverRocketchatConfig,
  AlertmanagerConfigReceiverSlackConfig,
  AlertmanagerConfigReceiverSnsConfig,
  AlertmanagerConfigReceiverTelegramConfig,
  AlertmanagerConfigReceiverVictoropsConfig,
  AlertmanagerConfigReceiverWebexConfig,
  AlertmanagerConfigReceiverWebhookConfig,
  AlertmanagerConfigReceiverWechatConfig,
  KeySelector,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { durationMs } from "../prometheus/sections.js";
import type { NamespacedStore } from "../store.js";
import { nonEmpty } from "../value.js";
import type { Version } from "../version.js";
import type { Draft } from "./file-schema.js";
import { httpConfigOf, secretOf, tlsConfigOf } from "./http-client.js";
import { checkUrl } from "./urls.js";

export interface ReceiverContext {
  readonly store: NamespacedStore;
  readonly version: Version;
  /** Settings of the file's global section, which receivers may rely on. */
  readonly global: Draft;
  /** Puts the namespace and name of the object in front of a name. */
  readonly qualify: (name: string | undefined) => string | undefined;
}

/** @throws InvalidConfigurationError if a reference leads nowhere, or something is missing. */
export function receiverOf(context: ReceiverContext, receiver: AlertmanagerConfigReceiver): Draft {
  const each = <T>(
    field: string,
    configs: readonly T[] | undefined,
    make: (context: ReceiverContext, config: T) => Draft,
  ) => configs?.map((config, index) => at(`${field}[${index}]`, () => make(context, config)));
  return {
    name: context.qualify(receiver.name) ?? "",
    opsgenie_configs: each("opsgenieConfigs", receiver.opsgenieConfigs, opsgenie),
    pagerduty_configs: each("pagerdutyConfigs", receiver.pagerdutyConfigs, pagerduty),
    discord_configs: each("discordConfigs", receiver.discordConfigs, discord),
    slack_configs: each("slackConfigs", receiver.slackConfigs, slack),
    webhook_configs: each("webhookConfigs", receiver.webhookConfigs, webhook),
    wechat_configs: each("wechatConfigs", receiver.wechatConfigs, wechat),
    email_configs: each("emailConfigs", receiver.emailConfigs, email),
    victorops_configs: each("victoropsConfigs", receiver.victoropsConfigs, victorops),
    pushover_configs: each("pushoverConfigs", receiver.pushoverConfigs, pushover),
    sns_configs: each("snsConfigs", receiver.snsConfigs, sns),
    telegram_configs: each("telegramConfigs", receiver.telegramConfigs, telegram),
    webex_configs: each("webexConfigs", receiver.webexConfigs, webex),
    msteams_configs: each("msteamsConfigs", receiver.msteamsConfigs, msteams),
    msteamsv2_configs: each("msteamsv2Configs", receiver.msteamsv2Configs, msteamsV2),
    rocketchat_configs: each("rocketchatConfigs", receiver.rocketchatConfigs, rocketchat),
  };
}

interface Pair {
  readonly key?: string;
  readonly value?: string;
}

function pairs(list: readonly Pair[] | undefined): Record<string, string> | undefined {
  return list === undefined || list.length === 0
    ? undefined
    : Object.fromEntries(list.map(({ key = "", value = "" }) => [key, value]));
}

function durationOf(field: string, text: string | undefined): string | undefined {
  const wanted = nonEmpty(text);
  return wanted === undefined ? undefined : formatDuration(durationMs(field, wanted));
}

function urlSecret({ store }: ReceiverContext, field: string, selector: KeySelector | undefined): string {
  return at(field, () => {
    const url = store.needSecret(selector).trim();
    checkUrl(url);
    return url;
  });
}

function needSecretText({ store }: ReceiverContext, field: string, selector: KeySelector | undefined): string {
  return at(field, () => nonEmpty(store.needSecret(selector)) ?? invalid("the secret is empty"));
}

function opsgenie({ store }: ReceiverContext, config: AlertmanagerConfigReceiverOpsgenieConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    api_key: secretOf(store, "apiKey", config.apiKey),
    api_url: config.apiURL,
    message: config.message,
    description: config.description,
    source: config.source,
    details: pairs(config.details),
    responders: config.responders?.map(({ id, name, username, type }) => ({ id, name, username, type })),
    tags: config.tags,
    note: config.note,
    priority: config.priority,
    update_alerts: config.updateAlerts,
    entity: config.entity,
    actions: config.actions,
  };
}

function pagerduty({ store }: ReceiverContext, config: AlertmanagerConfigReceiverPagerdutyConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    service_key: secretOf(store, "serviceKey", config.serviceKey),
    routing_key: secretOf(store, "routingKey", config.routingKey),
    url: config.url,
    client: config.client,
    client_url: config.clientURL,
    description: config.description,
    details: pairs(config.details),
    images: config.pagerDutyImageConfigs?.map(({ src, alt, href }) => ({ src, alt, href })),
    links: config.pagerDutyLinkConfigs?.map(({ href, alt }) => ({ href, text: alt })),
    severity: config.severity,
    class: config.class,
    component: config.component,
    group: config.group,
    source: config.source,
    timeout: durationOf("timeout", config.timeout),
  };
}

function discord(context: ReceiverContext, config: AlertmanagerConfigReceiverDiscordConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(context.store, config.httpConfig),
    webhook_url: urlSecret(context, "apiURL", config.apiURL),
    title: config.title,
    message: config.message,
    content: config.content,
    username: config.username,
    avatar_url: config.avatarURL,
  };
}

function slack(context: ReceiverContext, config: AlertmanagerConfigReceiverSlackConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(context.store, config.httpConfig),
    api_url: config.apiURL === undefined ? undefined : urlSecret(context, "apiURL", config.apiURL),
    channel: config.channel,
    username: config.username,
    color: config.color,
    title: config.title,
    title_link: config.titleLink,
    pretext: config.pretext,
    text: config.text,
    fields: config.fields?.map(({ title, value, short }) => ({ title, value, short })),
    short_fields: config.shortFields,
    footer: config.footer,
    fallback: config.fallback,
    callback_id: config.callbackId,
    icon_emoji: config.iconEmoji,
    icon_url: config.iconURL,
    image_url: config.imageURL,
    thumb_url: config.thumbURL,
    link_names: config.linkNames,
    mrkdwn_in: config.mrkdwnIn,
    actions: config.actions?.map(({ type, text, url, style, name, value, confirm }) => ({
      type,
      text,
      url,
      style,
      name,
      value,
      confirm:
        confirm === undefined
          ? undefined
          : {
              text: confirm.text,
              title: confirm.title,
              ok_text: confirm.okText,
              dismiss_text: confirm.dismissText,
            },
    })),
    timeout: durationOf("timeout", config.timeout),
    message_text: config.messageText,
    update_message: config.updateMessage,
  };
}

function webhook({ store }: ReceiverContext, config: AlertmanagerConfigReceiverWebhookConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    url: secretOf(store, "urlSecret", config.urlSecret) ?? config.url,
    http_config: httpConfigOf(store, config.httpConfig),
    max_alerts: Math.max(config.maxAlerts ?? 0, 0),
    timeout: durationOf("timeout", config.timeout),
    payload: config.payload,
  };
}

function wechat({ store }: ReceiverContext, config: AlertmanagerConfigReceiverWechatConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    api_secret: secretOf(store, "apiSecret", config.apiSecret),
    api_url: config.apiURL,
    corp_id: config.corpID,
    agent_id: config.agentID,
    to_user: config.toUser,
    to_party: config.toParty,
    to_tag: config.toTag,
    message: config.message,
    message_type: config.messageType,
    http_config: httpConfigOf(store, config.httpConfig),
  };
}

const THREAD_BY_DATE: Readonly<Record<string, string>> = { Daily: "daily", None: "none" };

function email({ store, global }: ReceiverContext, config: AlertmanagerConfigReceiverEmailConfig): Draft {
  if (nonEmpty(config.smarthost) === undefined && !global["smtp_smarthost"]) {
    invalid("smarthost: needed here or in the global section");
  }
  if (nonEmpty(config.from) === undefined && !global["smtp_from"]) {
    invalid("from: needed here or in the global section");
  }
  return {
    send_resolved: config.sendResolved,
    to: config.to,
    from: config.from,
    hello: config.hello,
    smarthost: config.smarthost,
    auth_username: config.authUsername,
    auth_password: secretOf(store, "authPassword", config.authPassword),
    auth_secret: secretOf(store, "authSecret", config.authSecret),
    auth_identity: config.authIdentity,
    headers: pairs(config.headers),
    html: config.html,
    text: config.text,
    require_tls: config.requireTLS,
    tls_config: tlsConfigOf(store, config.tlsConfig),
    force_implicit_tls: config.forceImplicitTLS,
    threading:
      config.threading === undefined
        ? undefined
        : { enabled: true, thread_by_date: THREAD_BY_DATE[config.threading.threadByDate ?? ""] },
  };
}

/** Fields that VictorOps itself has. */
export const VICTOROPS_RESERVED: ReadonlySet<string> = new Set([
  "routing_key",
  "message_type",
  "state_message",
  "entity_display_name",
  "monitoring_tool",
  "entity_id",
  "entity_state",
]);

function victorops({ store }: ReceiverContext, config: AlertmanagerConfigReceiverVictoropsConfig): Draft {
  for (const { key = "" } of config.customFields ?? []) {
    if (VICTOROPS_RESERVED.has(key)) invalid(`customFields: ${key} is a field of VictorOps itself`);
  }
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    api_key: secretOf(store, "apiKey", config.apiKey),
    api_url: config.apiUrl,
    routing_key: config.routingKey,
    message_type: config.messageType,
    state_message: config.stateMessage,
    entity_display_name: config.entityDisplayName,
    monitoring_tool: config.monitoringTool,
    custom_fields: pairs(config.customFields),
  };
}

/** `sound`, `userKeyFile` and `tokenFile` do not reach Alertmanager's file, as in the original. */
function pushover(context: ReceiverContext, config: AlertmanagerConfigReceiverPushoverConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(context.store, config.httpConfig),
    user_key: needSecretText(context, "userKey", config.userKey),
    token: needSecretText(context, "token", config.token),
    title: config.title,
    message: config.message,
    url: config.url,
    url_title: config.urlTitle,
    ttl: config.ttl,
    device: config.device,
    priority: config.priority,
    retry: durationOf("retry", config.retry),
    expire: durationOf("expire", config.expire),
    html: config.html,
    monospace: config.monospace,
  };
}

function sns({ store, version }: ReceiverContext, config: AlertmanagerConfigReceiverSnsConfig): Draft {
  const { sigv4 } = config;
  const hasKeys = sigv4?.accessKey !== undefined && sigv4.secretKey !== undefined;
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    api_url: config.apiURL,
    sigv4: {
      region: sigv4?.region,
      access_key: hasKeys ? secretOf(store, "sigv4.accessKey", sigv4.accessKey) : undefined,
      secret_key: hasKeys ? secretOf(store, "sigv4.secretKey", sigv4.secretKey) : undefined,
      profile: sigv4?.profile,
      role_arn: sigv4?.roleArn,
      external_id: version.isAtLeast("0.33.0") ? sigv4?.externalId : undefined,
    },
    topic_arn: config.topicARN,
    phone_number: config.phoneNumber,
    target_arn: config.targetARN,
    subject: config.subject,
    message: config.message,
    attributes: config.attributes,
    use_aws_http_client: config.useAWSHTTPClient,
  };
}

function telegram(context: ReceiverContext, config: AlertmanagerConfigReceiverTelegramConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    api_url: config.apiURL,
    bot_token: config.botToken === undefined ? undefined : needSecretText(context, "botToken", config.botToken),
    bot_token_file: config.botTokenFile,
    chat_id: config.chatID,
    message_thread_id: config.messageThreadID,
    message: config.message,
    disable_notifications: config.disableNotifications,
    parse_mode: config.parseMode,
    http_config: httpConfigOf(context.store, config.httpConfig),
  };
}

function webex({ store }: ReceiverContext, config: AlertmanagerConfigReceiverWebexConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    api_url: config.apiURL,
    message: config.message,
    room_id: config.roomID,
  };
}

function msteams({ store }: ReceiverContext, config: AlertmanagerConfigReceiverMsteamsConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    webhook_url: at("webhookUrl", () => store.needSecret(config.webhookUrl)),
    title: config.title,
    summary: config.summary,
    text: config.text,
    http_config: httpConfigOf(store, config.httpConfig),
  };
}

function msteamsV2({ store }: ReceiverContext, config: AlertmanagerConfigReceiverMsteamsv2Config): Draft {
  return {
    send_resolved: config.sendResolved,
    webhook_url: secretOf(store, "webhookURL", config.webhookURL),
    title: config.title,
    text: config.text,
    http_config: httpConfigOf(store, config.httpConfig),
  };
}

function rocketchat({ store }: ReceiverContext, config: AlertmanagerConfigReceiverRocketchatConfig): Draft {
  return {
    send_resolved: config.sendResolved,
    http_config: httpConfigOf(store, config.httpConfig),
    api_url: config.apiURL,
    token_id: at("tokenID", () => store.needSecret(config.tokenID)),
    token: at("token", () => store.needSecret(config.token)),
    channel: config.channel,
    color: config.color,
    title: config.title,
    title_link: config.titleLink,
    text: config.text,
    fields: config.fields?.map(({ short, title, value }) => ({ short, title, value })),
    short_fields: config.shortFields,
    emoji: config.emoji,
    icon_url: config.iconURL,
    image_url: config.imageURL,
    thumb_url: config.thumbURL,
    link_names: config.linkNames,
    actions: config.actions?.map(({ text, url, msg }) => ({ text, url, msg })),
  };
}

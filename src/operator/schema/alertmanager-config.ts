/** Specification of an AlertmanagerConfig, first as v1alpha1. */
import { anyJson, boolean, duration, type Fields, int32, int64, integer, list, map, object, string } from "./dsl.js";
import { httpConfig, keySelector, matcher, safeTlsConfig, sigv4 } from "./shapes.js";

/** Go applies a flag to the group in which it stands. */
const MONTH =
  "((?i)january|february|march|april|may|june|july|august|september|october|november|december|1[0-2]|[1-9])";
const MONTHS_PATTERN = `^${MONTH}(?:((:${MONTH})$)|$)`;
const WEEKDAY = "sun|mon|tues|wednes|thurs|fri|satur";
const WEEKDAYS_PATTERN = `^((?i)${WEEKDAY})day(?:((:(${WEEKDAY})day)$)|$)`;

export const alertmanagerConfigSpec = {
  inhibitRules: list(
    "inhibition rules",
    object("", {
      equal: list("labels that must be equal in source and target", string("")),
      sourceMatch: list("matchers of the inhibiting alerts", matcher("")),
      targetMatch: list("matchers of the inhibited alerts", matcher("")),
    }),
  ),
  muteTimeIntervals: list(
    "route: names of muting intervals / spec: interval definitions",
    object("", {
      name: string("name", { required: true }),
      timeIntervals: list(
        "time ranges of the interval",
        object("", {
          daysOfMonth: list(
            "days of month (ranges, negative from the end)",
            object("", {
              end: integer("end", { min: -31, max: 31 }),
              start: integer("range start", { min: -31, max: 31 }),
            }),
          ),
          months: list("months of the interval", string("", { pattern: MONTHS_PATTERN })),
          times: list(
            "times of day",
            object("", {
              endTime: string("end of the time range HH:MM", {
                pattern: "^((([01][0-9])|(2[0-3])):[0-5][0-9])$|(^24:00$)",
              }),
              startTime: string("start of the time range HH:MM", {
                pattern: "^((([01][0-9])|(2[0-3])):[0-5][0-9])$|(^24:00$)",
              }),
            }),
          ),
          weekdays: list("days of week (names or ranges)", string("", { pattern: WEEKDAYS_PATTERN })),
          years: list("years of the interval", string("", { pattern: "^2\\d{3}(?::2\\d{3}|$)" })),
        }),
      ),
    }),
  ),
  receivers: list(
    "receivers",
    object("", {
      discordConfigs: list(
        "Discord receivers",
        object("", {
          apiURL: keySelector("API base URL of the receiver", { required: true }),
          avatarURL: string("avatar image URL", { pattern: "^https?://.+$" }),
          content: string("message content", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template"),
          sendResolved: boolean("notify also when resolved"),
          title: string("title template"),
          username: string("user name", { minLength: 1 }),
        }),
      ),
      emailConfigs: list(
        "e-mail receivers",
        object("", {
          authIdentity: string("SMTP identity", { minLength: 1 }),
          authPassword: keySelector("SMTP password (secret ref)"),
          authSecret: keySelector("SMTP CRAM-MD5 secret (secret ref)"),
          authUsername: string("SMTP user name", { minLength: 1 }),
          forceImplicitTLS: boolean("force or forbid implicit TLS for SMTP"),
          from: string("sender address", { minLength: 1 }),
          headers: list(
            "HTTP headers to add",
            object("", {
              key: string("key inside the secret/configmap or map key", { required: true, minLength: 1 }),
              value: string("value", { required: true }),
            }),
          ),
          hello: string("SMTP hello name", { minLength: 1 }),
          html: string("HTML body template / treat message as HTML"),
          requireTLS: boolean("insist on TLS for SMTP"),
          sendResolved: boolean("notify also when resolved"),
          smarthost: string("SMTP host:port", { minLength: 1 }),
          text: string("text", { minLength: 1 }),
          threading: object("e-mail threading", {
            threadByDate: string("thread e-mails by day", { required: true, oneOf: ["Daily", "None"] }),
          }),
          tlsConfig: safeTlsConfig("TLS client settings"),
          to: string("recipient address", { minLength: 1 }),
        }),
      ),
      msteamsConfigs: list(
        "Microsoft Teams receivers",
        object("", {
          httpConfig: httpConfig("HTTP client settings"),
          sendResolved: boolean("notify also when resolved"),
          summary: string("summary text"),
          text: string("text"),
          title: string("title template"),
          webhookUrl: keySelector("webhook URL (secret ref)", { required: true }),
        }),
      ),
      msteamsv2Configs: list(
        "Microsoft Teams workflow receivers",
        object("", {
          httpConfig: httpConfig("HTTP client settings"),
          sendResolved: boolean("notify also when resolved"),
          text: string("text", { minLength: 1 }),
          title: string("title template", { minLength: 1 }),
          webhookURL: keySelector("webhook URL (secret ref or text)"),
        }),
      ),
      name: string("receiver name, unique in the object", { required: true, minLength: 1 }),
      opsgenieConfigs: list(
        "OpsGenie receivers",
        object("", {
          actions: string("buttons attached to the message", { minLength: 1 }),
          apiKey: keySelector("API key (secret ref)"),
          apiURL: string("API base URL of the receiver", { pattern: "^https?://.+$" }),
          description: string("description text", { minLength: 1 }),
          details: list(
            "key/value details",
            object("", {
              key: string("key inside the secret/configmap or map key", { required: true, minLength: 1 }),
              value: string("value", { required: true }),
            }),
          ),
          entity: string("OpsGenie entity", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template", { minLength: 1 }),
          note: string("OpsGenie note", { minLength: 1 }),
          priority: string("priority", { minLength: 1 }),
          responders: list(
            "OpsGenie responders",
            object("", {
              id: string("identifier", { minLength: 1 }),
              name: string("name", { minLength: 1 }),
              type: string("type", {
                required: true,
                oneOf: ["team", "teams", "user", "escalation", "schedule"],
                minLength: 1,
              }),
              username: string("user name", { minLength: 1 }),
            }),
          ),
          sendResolved: boolean("notify also when resolved"),
          source: string("source shown", { minLength: 1 }),
          tags: string("tags", { minLength: 1 }),
          updateAlerts: boolean("update alerts in OpsGenie"),
        }),
      ),
      pagerdutyConfigs: list(
        "PagerDuty receivers",
        object("", {
          class: string("Slack/OpsGenie/PagerDuty class", { minLength: 1 }),
          client: string("client name shown / client TLS part", { minLength: 1 }),
          clientURL: string("back link of the client"),
          component: string("PagerDuty component", { minLength: 1 }),
          description: string("description text", { minLength: 1 }),
          details: list(
            "key/value details",
            object("", {
              key: string("key inside the secret/configmap or map key", { required: true, minLength: 1 }),
              value: string("value", { required: true }),
            }),
          ),
          group: string("API group or group name", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          pagerDutyImageConfigs: list(
            "PagerDuty images",
            object("", {
              alt: string("alternative text of the image", { minLength: 1 }),
              href: string("link target"),
              src: string("image source", { minLength: 1 }),
            }),
          ),
          pagerDutyLinkConfigs: list(
            "PagerDuty links",
            object("", {
              alt: string("alternative text of the image", { minLength: 1 }),
              href: string("link target"),
            }),
          ),
          routingKey: keySelector("routing key (secret ref)"),
          sendResolved: boolean("notify also when resolved"),
          serviceKey: keySelector("PagerDuty service key (secret ref)"),
          severity: string("severity", { minLength: 1 }),
          source: string("source shown", { minLength: 1 }),
          timeout: duration("timeout"),
          url: string("URL", { pattern: "^https?://.+$" }),
        }),
      ),
      pushoverConfigs: list(
        "Pushover receivers",
        object("", {
          device: string("Pushover device name", { minLength: 1 }),
          expire: duration("Pushover: seconds to keep retrying"),
          html: boolean("HTML body template / treat message as HTML"),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template", { minLength: 1 }),
          monospace: boolean("monospace message"),
          priority: string("priority", { minLength: 1 }),
          retry: duration("Pushover: seconds between retries"),
          sendResolved: boolean("notify also when resolved"),
          sound: string("Pushover sound", { minLength: 1 }),
          title: string("title template", { minLength: 1 }),
          token: keySelector("token (secret ref)"),
          tokenFile: string("path of a file with the token", { minLength: 1 }),
          ttl: duration("PagerDuty/Pushover time to live"),
          url: string("URL"),
          urlTitle: string("URL title", { minLength: 1 }),
          userKey: keySelector("Pushover user key (secret ref)"),
          userKeyFile: string("path of Pushover user key", { minLength: 1 }),
        }),
      ),
      rocketchatConfigs: list(
        "Rocket.Chat receivers",
        object("", {
          actions: list(
            "buttons attached to the message",
            object("", {
              msg: string("Webhook/other message", { minLength: 1 }),
              text: string("text", { minLength: 1 }),
              url: string("URL"),
            }),
            { minItems: 1 },
          ),
          apiURL: string("API base URL of the receiver", { pattern: "^https?://.+$" }),
          channel: string("channel or room to post to", { minLength: 1 }),
          color: string("attachment colour", { minLength: 1 }),
          emoji: string("Mattermost/Rocket.Chat emoji", { minLength: 1 }),
          fields: list(
            "attachment fields",
            object("", {
              short: boolean("short field"),
              title: string("title template", { minLength: 1 }),
              value: string("value", { minLength: 1 }),
            }),
            { minItems: 1 },
          ),
          httpConfig: httpConfig("HTTP client settings"),
          iconURL: string("icon URL"),
          imageURL: string("image URL"),
          linkNames: boolean("Slack: link names"),
          sendResolved: boolean("notify also when resolved"),
          shortFields: boolean("short fields by default"),
          text: string("text", { minLength: 1 }),
          thumbURL: string("thumbnail URL"),
          title: string("title template", { minLength: 1 }),
          titleLink: string("title link", { minLength: 1 }),
          token: keySelector("token (secret ref)", { required: true }),
          tokenID: keySelector("token id", { required: true }),
        }),
      ),
      slackConfigs: list(
        "Slack receivers",
        object("", {
          actions: list(
            "buttons attached to the message",
            object("", {
              confirm: object("confirmation dialog", {
                dismissText: string("dismiss button text", { minLength: 1 }),
                okText: string("OK button text", { minLength: 1 }),
                text: string("text", { required: true, minLength: 1 }),
                title: string("title template", { minLength: 1 }),
              }),
              name: string("name", { minLength: 1 }),
              style: string("button style", { minLength: 1 }),
              text: string("text", { required: true, minLength: 1 }),
              type: string("type", { required: true, minLength: 1 }),
              url: string("URL"),
              value: string("value", { minLength: 1 }),
            }),
            { minItems: 1 },
          ),
          apiURL: keySelector("API base URL of the receiver"),
          callbackId: string("Slack interactive callback id", { minLength: 1 }),
          channel: string("channel or room to post to", { minLength: 1 }),
          color: string("attachment colour", { minLength: 1 }),
          fallback: string("plain text fallback", { minLength: 1 }),
          fields: list(
            "attachment fields",
            object("", {
              short: boolean("short field"),
              title: string("title template", { required: true, minLength: 1 }),
              value: string("value", { required: true, minLength: 1 }),
            }),
            { minItems: 1 },
          ),
          footer: string("footer text", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          iconEmoji: string("icon emoji", { minLength: 1 }),
          iconURL: string("icon URL"),
          imageURL: string("image URL"),
          linkNames: boolean("Slack: link names"),
          messageText: string("text of the message", { minLength: 1 }),
          mrkdwnIn: list("Slack fields parsed as markdown", string("", { minLength: 1 }), { minItems: 1 }),
          pretext: string("text before the attachment", { minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
          shortFields: boolean("short fields by default"),
          text: string("text", { minLength: 1 }),
          thumbURL: string("thumbnail URL"),
          timeout: duration("timeout"),
          title: string("title template", { minLength: 1 }),
          titleLink: string("title link"),
          updateMessage: boolean("edit the earlier message"),
          username: string("user name", { minLength: 1 }),
        }),
      ),
      snsConfigs: list(
        "AWS SNS receivers",
        object("", {
          apiURL: string("API base URL of the receiver"),
          attributes: map("custom key/values", string("")),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template", { minLength: 1 }),
          phoneNumber: string("SNS phone number", { minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
          sigv4: sigv4("AWS Signature v4 signing", { rules: ["!has(self.externalId) || has(self.roleArn)"] }),
          subject: string("SNS subject", { minLength: 1 }),
          targetARN: string("SNS platform endpoint ARN", { minLength: 1 }),
          topicARN: string("SNS topic ARN", { minLength: 1 }),
          useAWSHTTPClient: boolean("use the AWS HTTP client"),
        }),
      ),
      telegramConfigs: list(
        "Telegram receivers",
        object("", {
          apiURL: string("API base URL of the receiver", { pattern: "^https?://.+$" }),
          botToken: keySelector("bot token (secret ref)"),
          botTokenFile: string("path of a file with the bot token"),
          chatID: int64("Telegram chat id", { required: true }),
          disableNotifications: boolean("send silently"),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template"),
          messageThreadID: int64("Telegram thread"),
          parseMode: string("Telegram parse mode", { oneOf: ["MarkdownV2", "Markdown", "HTML"] }),
          sendResolved: boolean("notify also when resolved"),
        }),
      ),
      victoropsConfigs: list(
        "VictorOps receivers",
        object("", {
          apiKey: keySelector("API key (secret ref)"),
          apiUrl: string("API base URL", { pattern: "^https?://.+$" }),
          customFields: list(
            "free extra fields",
            object("", {
              key: string("key inside the secret/configmap or map key", { required: true, minLength: 1 }),
              value: string("value", { required: true }),
            }),
          ),
          entityDisplayName: string("VictorOps entity name", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          messageType: string("VictorOps message type / receiver type", { minLength: 1 }),
          monitoringTool: string("VictorOps monitoring tool", { minLength: 1 }),
          routingKey: string("routing key (secret ref)", { required: true, minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
          stateMessage: string("VictorOps state message", { minLength: 1 }),
        }),
      ),
      webexConfigs: list(
        "Webex receivers",
        object("", {
          apiURL: string("API base URL of the receiver", { pattern: "^https?://.+$" }),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template"),
          roomID: string("Webex room", { required: true, minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
        }),
      ),
      webhookConfigs: list(
        "webhook receivers",
        object("", {
          httpConfig: httpConfig("HTTP client settings"),
          maxAlerts: int32("most alerts in one webhook message (0 = all)", { min: 0 }),
          payload: string("custom webhook payload", { minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
          timeout: duration("timeout"),
          url: string("URL"),
          urlSecret: keySelector("URL (secret ref)"),
        }),
      ),
      wechatConfigs: list(
        "WeChat receivers",
        object("", {
          agentID: string("WeChat agent id", { minLength: 1 }),
          apiSecret: keySelector("WeChat API secret (secret ref)"),
          apiURL: string("API base URL of the receiver", { pattern: "^https?://.+$" }),
          corpID: string("WeChat corp id", { minLength: 1 }),
          httpConfig: httpConfig("HTTP client settings"),
          message: string("message template", { minLength: 1 }),
          messageType: string("VictorOps message type / receiver type", { minLength: 1 }),
          sendResolved: boolean("notify also when resolved"),
          toParty: string("WeChat party", { minLength: 1 }),
          toTag: string("WeChat tag", { minLength: 1 }),
          toUser: string("WeChat user", { minLength: 1 }),
        }),
      ),
    }),
    { keys: ["name"] },
  ),
  route: object("routing tree (children under routes)", {
    activeTimeIntervals: list("names of intervals during which the route is active", string(""), { listType: "set" }),
    continue: boolean("keep matching sibling routes after this one"),
    groupBy: list("labels used to group alerts", string(""), { listType: "set" }),
    groupInterval: duration("wait before notifying about changes of a group", { minLength: 1 }),
    groupWait: duration("wait before the first notification of a group", { minLength: 1 }),
    matchers: list("alert matchers", matcher("")),
    muteTimeIntervals: list("route: names of muting intervals / spec: interval definitions", string(""), {
      listType: "set",
    }),
    receiver: string("receiver of the route"),
    repeatInterval: duration("time before a notification is repeated", { minLength: 1 }),
    routes: list("child routes (same shape, free JSON in the schema)", anyJson("")),
  }),
} satisfies Fields;

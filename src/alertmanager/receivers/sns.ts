/** Amazon SNS: Publish of the query API, signed with signature version 4. */
import type { HttpResponse, IdentityOptions } from "../../http/index.js";
import type { sns } from "../config/receivers.js";
import type { NotifyResult } from "../pipeline/context.js";
import { checkResponse, noAnswer, Poster } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { groupHash } from "./text.js";

const MESSAGE_BYTES_MAX = 256 * 1024;
const SMS_BYTES_MAX = 1600;
const CONTENT_TYPE = "application/x-www-form-urlencoded";

type SnsConfig = typeof sns.zero;

export function snsIntegration(config: SnsConfig): IntegrationSpec {
  const poster = new Poster(config.http_config, signing(config));
  return {
    name: "sns",
    sendsResolved: config.send_resolved,
    badTemplate: { prefix: "execute 'message' template: ", isRetried: true },
    send: async (notification) => {
      const region = config.sigv4.region === "" ? (process.env["AWS_REGION"] ?? "") : config.sigv4.region;
      if (region === "") {
        const message = "region not configured in sns.sigv4.region or in default credentials chain";
        return { kind: "retry", message, reason: "other" };
      }
      const given = notification.text(config.api_url);
      const url = new URL(given === "" ? `https://sns.${region}.amazonaws.com/` : given);
      const body = new URLSearchParams(parameters(config, notification)).toString();
      try {
        const { signal } = notification.context;
        const response = await poster.post({ url: url.href, contentType: CONTENT_TYPE, body, signal });
        return checkAnswer(response);
      } catch (error) {
        return noAnswer(error, { isUrlShown: true }) satisfies NotifyResult;
      }
    },
    close: () => poster.close(),
  };
}

/** As the SDK reads answers: XML that breaks off may be a fault on the way, what is none says nothing. */
function checkAnswer(response: HttpResponse): NotifyResult {
  const text = response.body.toString();
  const root = /<([A-Za-z][\w.-]*)/.exec(text)?.[1];
  if (root !== undefined && !text.includes(`</${root}`)) {
    const { status } = response;
    const what =
      status >= 200 && status < 300
        ? "deserialization failed, failed to decode response body, "
        : "error while deserializing xml error response: ";
    const where = `operation error SNS: Publish, https response error StatusCode: ${status}, RequestID: , `;
    const line = text.split("\n").length;
    return {
      kind: "retry",
      message: `${where}${what}XML syntax error on line ${line}: unexpected EOF`,
      reason: "other",
    };
  }
  return checkResponse(response, {
    details: () => /<Message>([\s\S]*?)<\/Message>/.exec(text)?.[1] ?? "UnknownError",
  });
}

function signing({ sigv4 }: SnsConfig): IdentityOptions {
  return {
    kind: "sigv4",
    region: sigv4.region,
    accessKey: sigv4.access_key,
    secretKey: sigv4.secret_key,
    profile: sigv4.profile,
    roleArn: sigv4.role_arn,
    externalId: sigv4.external_id,
    usesFipsSts: sigv4.use_fips_sts_endpoint,
    service: "sns",
  };
}

function parameters(config: SnsConfig, { context, text }: Notification): [string, string][] {
  const pairs: [string, string][] = [
    ["Action", "Publish"],
    ["Version", "2010-03-31"],
  ];
  const attributes = Object.entries(config.attributes ?? {}).map(([name, value]) => [text(name), text(value)] as const);
  const isSms = config.phone_number !== "";
  const whole = Buffer.from(text(config.message));
  const bytesMax = isSms ? SMS_BYTES_MAX : MESSAGE_BYTES_MAX;
  const isCut = whole.length > bytesMax;
  pairs.push(["Message", whole.subarray(0, bytesMax).toString()]);
  const all = isCut ? [...attributes, ["truncated", "true"] as const] : attributes;
  for (const [i, [name, value]] of all.entries()) {
    const prefix = `MessageAttributes.entry.${i + 1}`;
    pairs.push(
      [`${prefix}.Name`, name],
      [`${prefix}.Value.DataType`, "String"],
      [`${prefix}.Value.StringValue`, value],
    );
  }
  if (config.topic_arn !== "") {
    const topic = text(config.topic_arn);
    if (topic.endsWith(".fifo")) {
      const hash = groupHash(context.groupKey);
      pairs.push(["MessageDeduplicationId", hash], ["MessageGroupId", hash]);
    }
    pairs.push(["TopicArn", topic]);
  }
  if (isSms) pairs.push(["PhoneNumber", text(config.phone_number)]);
  if (config.target_arn !== "") pairs.push(["TargetArn", text(config.target_arn)]);
  if (config.subject !== "") pairs.push(["Subject", text(config.subject)]);
  return pairs;
}

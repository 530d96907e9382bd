/** Amazon SNS: Publish of the query API, signed with signature version 4. */
import { createHash, createHmac } from "node:crypto";
import { VestalError } from "../../base/index.js";
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
  const poster = new Poster(config.http_config);
  return {
    name: "sns",
    sendsResolved: config.send_resolved,
    send: async (notification) => {
      const region = config.sigv4.region === "" ? (process.env["AWS_REGION"] ?? "") : config.sigv4.region;
      if (region === "") {
        const message = "region not configured in sns.sigv4.region or in default credentials chain";
        return { kind: "retry", message, reason: "other" };
      }
      const given = notification.text(config.api_url);
      const url = new URL(given === "" ? `https://sns.${region}.amazonaws.com/` : given);
      const body = new URLSearchParams(parameters(config, notification)).toString();
      const headers = signed(config, url, region, body, new Date(notification.deps.now.ms()));
      try {
        const { signal } = notification.context;
        const response = await poster.post({ url: url.href, contentType: CONTENT_TYPE, headers, body, signal });
        return checkResponse(response, {
          details: (_, text) => /<Message>([\s\S]*?)<\/Message>/.exec(text)?.[1] ?? text,
        });
      } catch (error) {
        return noAnswer(error) satisfies NotifyResult;
      }
    },
    close: () => poster.close(),
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

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signed(config: SnsConfig, url: URL, region: string, body: string, now: Date): Record<string, string> {
  const { role_arn, profile } = config.sigv4;
  if (role_arn !== "" || profile !== "") {
    throw new VestalError("CONFIG", "sns: role_arn and profile are not available; give access_key and secret_key");
  }
  const accessKey = config.sigv4.access_key || (process.env["AWS_ACCESS_KEY_ID"] ?? "");
  const secretKey = config.sigv4.secret_key || (process.env["AWS_SECRET_ACCESS_KEY"] ?? "");
  if (accessKey === "" || secretKey === "") throw new VestalError("CONFIG", "sns: no credentials");
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const headers: readonly (readonly [string, string])[] = [
    ["content-type", CONTENT_TYPE],
    ["host", url.host],
    ["x-amz-date", time],
  ];
  const names = headers.map(([name]) => name).join(";");
  const canonical = [
    "POST",
    url.pathname,
    url.search.slice(1),
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(body),
  ].join("\n");
  const scope = `${day}/${region}/sns/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), "sns"), "aws4_request");
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  return {
    "x-amz-date": time,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

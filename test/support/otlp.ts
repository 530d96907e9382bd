/** OTLP metrics requests: one plain description (as in JSON), encoded as JSON or protobuf. */
import { ProtoWriter } from "./protobuf.js";

type Json = Readonly<Record<string, unknown>>;

function list(value: unknown): readonly Json[] {
  return (value ?? []) as readonly Json[];
}

function putValue(out: ProtoWriter, value: Json): void {
  if (value["stringValue"] !== undefined) out.text(1, String(value["stringValue"]));
  if (value["boolValue"] !== undefined) out.varint(2, value["boolValue"] === true ? 1 : 0);
  if (value["intValue"] !== undefined) out.varint(3, BigInt(String(value["intValue"])));
  if (value["doubleValue"] !== undefined) out.double(4, Number(value["doubleValue"]));
  if (value["arrayValue"] !== undefined) {
    out.message(5, (array) => {
      for (const one of list((value["arrayValue"] as Json)["values"])) array.message(1, (item) => putValue(item, one));
    });
  }
  if (value["kvlistValue"] !== undefined) {
    out.message(6, (map) => putAttributes(map, 1, (value["kvlistValue"] as Json)["values"]));
  }
  if (value["bytesValue"] !== undefined) out.bytesField(7, Buffer.from(String(value["bytesValue"]), "base64"));
}

function putAttributes(out: ProtoWriter, field: number, attributes: unknown): void {
  for (const { key, value } of list(attributes)) {
    out.message(field, (pair) => {
      pair.text(1, String(key));
      if (value !== undefined) pair.message(2, (one) => putValue(one, value as Json));
    });
  }
}

function fixed(out: ProtoWriter, field: number, value: unknown): void {
  if (value !== undefined) out.bits(field, BigInt(String(value)));
}

function double(out: ProtoWriter, field: number, value: unknown): void {
  if (value !== undefined) out.double(field, Number(value));
}

function putExemplars(out: ProtoWriter, field: number, exemplars: unknown): void {
  for (const exemplar of list(exemplars)) {
    out.message(field, (one) => {
      fixed(one, 2, exemplar["timeUnixNano"]);
      double(one, 3, exemplar["asDouble"]);
      if (exemplar["spanId"] !== undefined) one.bytesField(4, Buffer.from(String(exemplar["spanId"]), "hex"));
      if (exemplar["traceId"] !== undefined) one.bytesField(5, Buffer.from(String(exemplar["traceId"]), "hex"));
      fixed(one, 6, exemplar["asInt"]);
      putAttributes(one, 7, exemplar["filteredAttributes"]);
    });
  }
}

function flags(out: ProtoWriter, field: number, point: Json): void {
  if (point["flags"] !== undefined) out.varint(field, Number(point["flags"]));
}

function putNumber(out: ProtoWriter, point: Json): void {
  fixed(out, 3, point["timeUnixNano"]);
  double(out, 4, point["asDouble"]);
  putExemplars(out, 5, point["exemplars"]);
  fixed(out, 6, point["asInt"]);
  putAttributes(out, 7, point["attributes"]);
  flags(out, 8, point);
}

function putHistogram(out: ProtoWriter, point: Json): void {
  fixed(out, 3, point["timeUnixNano"]);
  fixed(out, 4, point["count"]);
  double(out, 5, point["sum"]);
  const counts = (point["bucketCounts"] ?? []) as readonly (string | number)[];
  out.bytesField(6, new Uint8Array(BigUint64Array.from(counts.map((count) => BigInt(count))).buffer));
  out.packedDoubles(7, (point["explicitBounds"] ?? []) as readonly number[]);
  putExemplars(out, 8, point["exemplars"]);
  putAttributes(out, 9, point["attributes"]);
  flags(out, 10, point);
}

function putExponential(out: ProtoWriter, point: Json): void {
  putAttributes(out, 1, point["attributes"]);
  fixed(out, 3, point["timeUnixNano"]);
  fixed(out, 4, point["count"]);
  double(out, 5, point["sum"]);
  out.sint(6, Number(point["scale"] ?? 0));
  fixed(out, 7, point["zeroCount"]);
  for (const [field, side] of [
    [8, point["positive"]],
    [9, point["negative"]],
  ] as const) {
    if (side === undefined) continue;
    const { offset, bucketCounts } = side as { readonly offset?: number; readonly bucketCounts: readonly number[] };
    out.message(field, (buckets) => buckets.sint(1, offset ?? 0).packedVarints(2, bucketCounts.map(Number)));
  }
  flags(out, 10, point);
  putExemplars(out, 11, point["exemplars"]);
}

function putSummary(out: ProtoWriter, point: Json): void {
  fixed(out, 3, point["timeUnixNano"]);
  fixed(out, 4, point["count"]);
  double(out, 5, point["sum"]);
  for (const one of list(point["quantileValues"])) {
    out.message(6, (quantile) => {
      double(quantile, 1, one["quantile"]);
      double(quantile, 2, one["value"]);
    });
  }
  putAttributes(out, 7, point["attributes"]);
  flags(out, 8, point);
}

const KINDS: readonly (readonly [string, number, (out: ProtoWriter, point: Json) => void])[] = [
  ["gauge", 5, putNumber],
  ["sum", 7, putNumber],
  ["histogram", 9, putHistogram],
  ["exponentialHistogram", 10, putExponential],
  ["summary", 11, putSummary],
];

/** The protobuf form of a request in OTLP's JSON form (camel case, enums by number). */
export function otlpProto(request: Json): Uint8Array {
  return ProtoWriter.message((out) => {
    for (const resource of list(request["resourceMetrics"])) {
      out.message(1, (one) => {
        one.message(1, (of) => putAttributes(of, 1, (resource["resource"] as Json | undefined)?.["attributes"]));
        for (const scope of list(resource["scopeMetrics"])) {
          one.message(2, (of) => {
            const about = scope["scope"] as Json | undefined;
            if (about !== undefined) {
              of.message(1, (target) => {
                target.text(1, String(about["name"] ?? ""));
                target.text(2, String(about["version"] ?? ""));
                putAttributes(target, 3, about["attributes"]);
              });
            }
            if (scope["schemaUrl"] !== undefined) of.text(3, String(scope["schemaUrl"]));
            for (const metric of list(scope["metrics"])) of.message(2, (target) => putMetric(target, metric));
          });
        }
      });
    }
  });
}

function putMetric(out: ProtoWriter, metric: Json): void {
  out.text(1, String(metric["name"] ?? ""));
  out.text(2, String(metric["description"] ?? ""));
  out.text(3, String(metric["unit"] ?? ""));
  for (const [key, field, put] of KINDS) {
    const data = metric[key] as Json | undefined;
    if (data === undefined) continue;
    out.message(field, (of) => {
      for (const point of list(data["dataPoints"])) of.message(1, (target) => put(target, point));
      if (data["aggregationTemporality"] !== undefined) of.varint(2, Number(data["aggregationTemporality"]));
      if (data["isMonotonic"] === true) of.varint(3, 1);
    });
  }
}

// ── an example of everything, taken at one moment ──────────────────────────────────────────────────────────────────────

const now = 1_700_000_000_000;
const ns = (secondsAgo: number): string => `${BigInt(now - secondsAgo * 1000) * 1_000_000n + 999_999n}`;

export function attributes(of: Readonly<Record<string, string>>): Json[] {
  return Object.entries(of).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

const EXEMPLAR = {
  timeUnixNano: ns(11),
  asDouble: 0.4,
  traceId: "0102030405060708090a0b0c0d0e0f10",
  spanId: "0102030405060708",
  filteredAttributes: attributes({ user: "x" }),
};

const VALUES: readonly Json[] = [
  { key: "text", value: { stringValue: "a b" } },
  { key: "flag", value: { boolValue: true } },
  { key: "whole", value: { intValue: "9007199254740993" } },
  { key: "double", value: { doubleValue: 1e21 } },
  { key: "small", value: { doubleValue: 0.0000001 } },
  { key: "list", value: { arrayValue: { values: [{ stringValue: "<x>" }, { intValue: "2" }, { doubleValue: 0.5 }] } } },
  {
    key: "map",
    value: {
      kvlistValue: {
        values: [
          { key: "b", value: { boolValue: false } },
          { key: "a", value: { stringValue: "q" } },
        ],
      },
    },
  },
  { key: "bytes", value: { bytesValue: "AQID" } },
  { key: "none", value: {} },
];

function number(secondsAgo: number, value: Json, of: readonly Json[] = [], more: Json = {}): Json {
  return { timeUnixNano: ns(secondsAgo), attributes: of, ...value, ...more };
}

function metric(name: string, unit: string, data: Json): Json {
  return { name, unit, description: `About ${name}.`, ...data };
}

const gauge = (name: string, unit: string, ...dataPoints: Json[]): Json =>
  metric(name, unit, { gauge: { dataPoints } });
const sum = (name: string, unit: string, isMonotonic: boolean, temporality: number, ...dataPoints: Json[]): Json =>
  metric(name, unit, { sum: { dataPoints, isMonotonic, aggregationTemporality: temporality } });

const HISTOGRAM: Json = {
  timeUnixNano: ns(10),
  attributes: attributes({ route: "/x" }),
  count: "12",
  sum: 5.5,
  bucketCounts: ["0", "0", "4", "0", "0", "0", "7", "1"],
  explicitBounds: [0.1, 0.25, 0.5, 1, 2, 5, 10],
  exemplars: [EXEMPLAR, { ...EXEMPLAR, asDouble: 100, timeUnixNano: ns(10) }],
};

const EXPONENTIAL: Json = {
  timeUnixNano: ns(10),
  attributes: attributes({ route: "/x" }),
  count: "31",
  sum: 10.25,
  scale: 3,
  zeroCount: "2",
  positive: { offset: -5, bucketCounts: [1, 0, 0, 3, 0, 0, 0, 0, 5, 6] },
  negative: { offset: 2, bucketCounts: [4, 0, 10] },
};

export const OTLP_REQUEST: Json = {
  resourceMetrics: [
    {
      resource: {
        attributes: attributes({
          "service.name": "shop",
          "service.namespace": "eu",
          "service.instance.id": "i-1",
          "k8s.pod.name": "shop-1",
          region: "north",
        }),
      },
      scopeMetrics: [
        {
          scope: { name: "lib", version: "1" },
          metrics: [
            gauge("system.memory.usage", "By", number(10, { asInt: "123" }, VALUES)),
            gauge("ratio", "1", number(10, { asDouble: 0.25 })),
            gauge(
              "temperature",
              "Cel",
              number(10, { asDouble: -3.5 }, attributes({ "a.b": "1", a_b: "2", "9x": "3", _p: "4", __q: "5" })),
            ),
            gauge("speed", "m/s", number(10, { asDouble: 3 }), number(5, { asDouble: 4 })),
            gauge("custom unit", "{items}/min", number(10, { asDouble: 3 })),
            gauge("odd", "foo.bar_/h", number(10, { asDouble: 3 })),
            gauge("7up__twice..", "", number(10, { asDouble: 7 })),
            gauge("with_bytes_in_name", "By", number(10, { asDouble: 7 })),
            gauge("ünï.cödé", "s", number(10, { asDouble: 7 }, attributes({ "ß.x": "ü" }))),
            gauge("stale", "", number(10, {}, [], { flags: 1 })),
            gauge("empty", ""),
            sum(
              "http.requests",
              "{request}",
              true,
              2,
              number(10, { asInt: "5" }, attributes({ job: "mine" }), { exemplars: [EXEMPLAR] }),
            ),
            sum("bytes_total", "By", true, 2, number(10, { asDouble: 1e15 })),
            sum("queue", "", false, 2, number(10, { asInt: "-4" })),
            sum("delta", "", true, 1, number(10, { asInt: "4" })),
            sum("unspecified", "", true, 0, number(10, { asInt: "4" })),
            metric("latency", "ms", { histogram: { dataPoints: [HISTOGRAM], aggregationTemporality: 2 } }),
            metric("latency.stale", "ms", {
              histogram: { dataPoints: [{ ...HISTOGRAM, flags: 1, exemplars: [] }], aggregationTemporality: 2 },
            }),
            metric("latency.nosum", "s", {
              histogram: {
                dataPoints: [{ timeUnixNano: ns(10), count: "3", bucketCounts: ["3"], explicitBounds: [] }],
                aggregationTemporality: 2,
              },
            }),
            metric("exp", "s", { exponentialHistogram: { dataPoints: [EXPONENTIAL], aggregationTemporality: 2 } }),
            metric("exp.fine", "s", {
              exponentialHistogram: { dataPoints: [{ ...EXPONENTIAL, scale: 11 }], aggregationTemporality: 2 },
            }),
            metric("exp.coarse", "s", {
              exponentialHistogram: { dataPoints: [{ ...EXPONENTIAL, scale: -5 }], aggregationTemporality: 2 },
            }),
            metric("exp.stale", "s", {
              exponentialHistogram: { dataPoints: [{ ...EXPONENTIAL, flags: 1 }], aggregationTemporality: 2 },
            }),
            metric("summary", "s", {
              summary: {
                dataPoints: [
                  {
                    timeUnixNano: ns(10),
                    count: "4",
                    sum: 2.5,
                    quantileValues: [
                      { quantile: 0.5, value: 0.1 },
                      { quantile: 1, value: 3 },
                    ],
                  },
                ],
              },
            }),
          ],
        },
        { metrics: [gauge("second.scope", "", number(3, { asDouble: 1 }))] },
      ],
    },
    {
      resource: { attributes: attributes({ "host.name": "h1" }) },
      scopeMetrics: [{ metrics: [gauge("no.service", "", number(10, { asDouble: 1 }))] }],
    },
    {
      resource: { attributes: attributes({ "service.name": "only" }) },
      scopeMetrics: [{ metrics: [gauge("only.service", "", number(10, { asDouble: 1 }))] }],
    },
  ],
};

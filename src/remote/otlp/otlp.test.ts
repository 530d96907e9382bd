/**
 * OTLP requests to series: what is expected was worked out by hand from OpenTelemetry's rules for Prometheus and the code of
 * Prometheus 3.5 (Debian's build of it has no receiver to ask).
 */

import { gzipSync } from "node:zlib";
import { uncompressSync } from "snappy";
import { expect, test } from "vitest";
import { attributes, OTLP_REQUEST, otlpProto } from "../../../test/support/otlp.js";
import { ProtoReader } from "../../base/index.js";
import { type OtlpSettings, translateOtlpBody } from "./index.js";

const DEFAULTS: OtlpSettings = {
  promotesAll: false,
  attributes: [],
  addsSuffixes: true,
  allowsUtf8: false,
  keepsIdentifyingAttributes: false,
  convertsHistogramsToNhcb: false,
  allowsDelta: false,
  promotesScope: false,
};

const JSON_BODY = Buffer.from(JSON.stringify(OTLP_REQUEST));

function translate(settings: Partial<OtlpSettings> = {}, format: "protobuf" | "json" = "json") {
  const bytes = format === "json" ? JSON_BODY : otlpProto(OTLP_REQUEST);
  const { request, problems } = translateOtlpBody(
    { bytes, format, isGzip: false, decodedBytesMax: 1 << 20 },
    { ...DEFAULTS, ...settings },
  );
  return { lines: linesOf(uncompressSync(Buffer.from(request)) as Buffer), problems };
}

/** Series as `{labels} samples | histograms | exemplars`. */
function linesOf(request: Uint8Array): string[] {
  const lines: string[] = [];
  const reader = new ProtoReader(request);
  while (reader.next()) {
    const labels: string[] = [];
    const values: string[] = [];
    const series = reader.message();
    while (series.next()) {
      const part = series.message();
      if (series.field === 1) {
        const [name, value] = ["", ""];
        const pair = [name, value];
        while (part.next()) pair[part.field - 1] = part.text();
        labels.push(pair.join("="));
      } else if (series.field === 2) {
        let [value, time] = ["0", 0];
        while (part.next()) {
          if (part.field === 1) value = doubleText(part);
          else time = part.int();
        }
        values.push(`${value}@${(time - 1_700_000_000_000) / 1000}`);
      } else if (series.field === 3) values.push(`exemplar ${exemplarText(part)}`);
      else values.push(`histogram ${histogramText(part)}`);
    }
    lines.push(`{${labels.join(",")}} ${values.join(" ")}`);
  }
  return lines;
}

function doubleText(reader: ProtoReader): string {
  const { low, high } = reader.doubleWords();
  if (high === 0x7ff00000 && low === 2) return "stale";
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, high);
  view.setUint32(4, low);
  return String(view.getFloat64(0));
}

function exemplarText(reader: ProtoReader): string {
  const parts: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const label = reader.message();
      const pair = ["", ""];
      while (label.next()) pair[label.field - 1] = label.text();
      parts.push(pair.join("="));
    } else if (reader.field === 2) parts.push(String(reader.double()));
  }
  return parts.join(",");
}

function histogramText(reader: ProtoReader): string {
  const of: Record<number, string[]> = {};
  const add = (text: string): void => {
    of[reader.field] = [...(of[reader.field] ?? []), text];
  };
  while (reader.next()) {
    if (reader.field === 8 || reader.field === 11) {
      const span = reader.message();
      const pair = [0, 0];
      while (span.next()) pair[span.field - 1] = span.field === 1 ? span.sint() : span.uint();
      add(pair.join("+"));
    } else if (reader.field === 9 || reader.field === 12) {
      const deltas: number[] = [];
      reader.sints(deltas);
      add(deltas.join(","));
    } else if (reader.field === 16) {
      const bounds: number[] = [];
      reader.doubles(bounds);
      add(bounds.join(","));
    } else if (reader.field === 3 || reader.field === 5) add(doubleText(reader));
    else if (reader.field === 4) add(String(reader.sint()));
    else add(String(reader.int()));
  }
  const names = {
    1: "count",
    3: "sum",
    4: "schema",
    6: "zero",
    8: "nspans",
    9: "n",
    11: "pspans",
    12: "p",
    16: "bounds",
  };
  return Object.entries(names)
    .filter(([field]) => of[Number(field)] !== undefined)
    .map(([field, name]) => `${name}:${of[Number(field)]!.join(";")}`)
    .join(" ");
}

const EXPECTED: readonly string[] = [
  '{__name__=system_memory_usage_bytes,bytes=AQID,double=1e+21,flag=true,instance=i-1,job=eu/shop,list=["\\u003cx\\u003e",2,0.5],map={"a":"q","b":false},none=,small=1e-7,text=a b,whole=9007199254740993} 123@-10',
  "{__name__=ratio,instance=i-1,job=eu/shop} 0.25@-10",
  "{__name__=temperature_celsius,__q=5,a_b=1;2,instance=i-1,job=eu/shop,key_9x=3,key_p=4} -3.5@-10",
  "{__name__=speed_meters_per_second,instance=i-1,job=eu/shop} 3@-10 4@-5",
  "{__name__=custom_unit_per_min,instance=i-1,job=eu/shop} 3@-10",
  "{__name__=odd_foo_bar_per_hour,instance=i-1,job=eu/shop} 3@-10",
  "{__name__=_7up_twice,instance=i-1,job=eu/shop} 7@-10",
  "{__name__=with_bytes_in_name,instance=i-1,job=eu/shop} 7@-10",
  "{__name__=n_c_d_seconds,__x=ü,instance=i-1,job=eu/shop} 7@-10",
  "{__name__=stale,instance=i-1,job=eu/shop} stale@-10",
  "{__name__=http_requests_total,instance=i-1,job=eu/shop} 5@-10 exemplar trace_id=0102030405060708090a0b0c0d0e0f10,span_id=0102030405060708,user=x,0.4",
  "{__name__=bytes_total,instance=i-1,job=eu/shop} 1000000000000000@-10",
  "{__name__=queue,instance=i-1,job=eu/shop} -4@-10",
  "{__name__=latency_milliseconds_sum,instance=i-1,job=eu/shop,route=/x} 5.5@-10",
  "{__name__=latency_milliseconds_count,instance=i-1,job=eu/shop,route=/x} 12@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.1,route=/x} 0@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.25,route=/x} 0@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.5,route=/x} 4@-10 exemplar trace_id=0102030405060708090a0b0c0d0e0f10,span_id=0102030405060708,user=x,0.4",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=1,route=/x} 4@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=2,route=/x} 4@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=5,route=/x} 4@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=10,route=/x} 11@-10",
  "{__name__=latency_milliseconds_bucket,instance=i-1,job=eu/shop,le=+Inf,route=/x} 12@-10 exemplar trace_id=0102030405060708090a0b0c0d0e0f10,span_id=0102030405060708,user=x,100",
  "{__name__=latency_stale_milliseconds_sum,instance=i-1,job=eu/shop,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_count,instance=i-1,job=eu/shop,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.1,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.25,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=0.5,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=1,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=2,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=5,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=10,route=/x} stale@-10",
  "{__name__=latency_stale_milliseconds_bucket,instance=i-1,job=eu/shop,le=+Inf,route=/x} stale@-10",
  "{__name__=latency_nosum_seconds_count,instance=i-1,job=eu/shop} 3@-10",
  "{__name__=latency_nosum_seconds_bucket,instance=i-1,job=eu/shop,le=+Inf} 3@-10",
  "{__name__=exp_seconds,instance=i-1,job=eu/shop,route=/x} histogram count:31 sum:10.25 schema:3 zero:2 nspans:3+3 n:4,-4,10 pspans:-4+4;4+2 p:1,-1,0,3,2,1",
  "{__name__=exp_fine_seconds,instance=i-1,job=eu/shop,route=/x} histogram count:31 sum:10.25 schema:8 zero:2 nspans:1+1 n:14 pspans:0+2 p:4,7",
  "{__name__=exp_stale_seconds,instance=i-1,job=eu/shop,route=/x} histogram count:0 sum:stale schema:3 zero:2 nspans:3+3 n:4,-4,10 pspans:-4+4;4+2 p:1,-1,0,3,2,1",
  "{__name__=summary_seconds_sum,instance=i-1,job=eu/shop} 2.5@-10",
  "{__name__=summary_seconds_count,instance=i-1,job=eu/shop} 4@-10",
  "{__name__=summary_seconds,instance=i-1,job=eu/shop,quantile=0.5} 0.1@-10",
  "{__name__=summary_seconds,instance=i-1,job=eu/shop,quantile=1} 3@-10",
  "{__name__=second_scope,instance=i-1,job=eu/shop} 1@-3",
  "{__name__=target_info,instance=i-1,job=eu/shop,k8s_pod_name=shop-1,region=north} 1@-3",
  "{__name__=no_service} 1@-10",
  "{__name__=only_service,job=only} 1@-10",
];

test.each(["protobuf", "json"] as const)("with the defaults, from %s", (format) => {
  const { lines, problems } = translate({}, format);
  expect(lines).toEqual(EXPECTED);
  expect(problems).toEqual([
    "empty data points. empty is dropped",
    'invalid temporality and type combination for metric "delta"',
    'invalid temporality and type combination for metric "unspecified"',
    "cannot convert exponential to native histogram. Scale must be >= -4, was -5",
  ]);
});

test("names as they are, with suffixes or without, and promoted attributes", () => {
  const attributes = ["region", "k8s.pod.name"];
  const suffixed = translate({ allowsUtf8: true, attributes }).lines;
  const plain = translate({ allowsUtf8: true, addsSuffixes: false }).lines;
  const rest = "instance=i-1,job=eu/shop,k8s.pod.name=shop-1,region=north";
  expect(suffixed).toContain(`{__name__=ratio_ratio,${rest}} 0.25@-10`);
  expect(suffixed).toContain(`{__name__=bytes_total_bytes_total,${rest}} 1000000000000000@-10`);
  expect(suffixed).toContain(`{__name__=odd_foo.bar__per_hour,${rest}} 3@-10`);
  expect(suffixed).toContain(`{__name__=ünï.cödé_seconds,${rest},ß.x=ü} 7@-10`);
  expect(plain).toContain("{__name__=7up__twice..,instance=i-1,job=eu/shop} 7@-10");
  expect(translate({ addsSuffixes: false }).lines).toContain("{__name__=_7up__twice,instance=i-1,job=eu/shop} 7@-10");
});

test("all attributes but some, identifying ones kept, histograms with custom buckets", () => {
  const { lines } = translate({
    promotesAll: true,
    attributes: ["region", "service.name", "service.namespace", "service.instance.id"],
    keepsIdentifyingAttributes: true,
    convertsHistogramsToNhcb: true,
  });
  expect(lines).toContain("{__name__=ratio,instance=i-1,job=eu/shop,k8s_pod_name=shop-1} 0.25@-10");
  expect(lines).toContain(
    "{__name__=target_info,instance=i-1,job=eu/shop,k8s_pod_name=shop-1,region=north,service_instance_id=i-1," +
      "service_name=shop,service_namespace=eu} 1@-3",
  );
  const exemplar = "exemplar trace_id=0102030405060708090a0b0c0d0e0f10,span_id=0102030405060708,user=x";
  expect(lines).toContain(
    `{__name__=latency_milliseconds,instance=i-1,job=eu/shop,k8s_pod_name=shop-1,route=/x} ${exemplar},0.4 ${exemplar},100 ` +
      "histogram count:12 sum:5.5 schema:-53 zero:0 pspans:2+1;3+2 p:4,3,-6 bounds:0.1,0.25,0.5,1,2,5,10",
  );
});

test.each(["json", "protobuf"] as const)("scopes as labels, in %s", (format) => {
  const point = {
    dataPoints: [{ timeUnixNano: "1700000000000000000", asDouble: 1, attributes: attributes({ otel_scope_a: "p" }) }],
  };
  const scope = (about: object, metric: string, schemaUrl?: string) => ({
    scope: about,
    ...(schemaUrl !== undefined && { schemaUrl }),
    metrics: [{ name: metric, gauge: point }],
  });
  const request = {
    resourceMetrics: [
      {
        resource: { attributes: attributes({ "service.name": "s", other: "o" }) },
        scopeMetrics: [
          scope({ name: "lib", version: "1", attributes: attributes({ a: "x", "b.c": "y" }) }, "one", "https://schema"),
          scope({ name: "bare" }, "two"),
          scope({ version: "2", attributes: attributes({ a: "x" }) }, "nameless"),
        ],
      },
    ],
  };
  const bytes = format === "json" ? Buffer.from(JSON.stringify(request)) : otlpProto(request);
  const body = { bytes, format, isGzip: false, decodedBytesMax: 1 << 20 };
  const lines = (promotesScope: boolean) => {
    const { request: made } = translateOtlpBody(body, { ...DEFAULTS, promotesScope });
    return linesOf(uncompressSync(Buffer.from(made)) as Buffer);
  };
  expect(lines(true)).toEqual([
    "{__name__=one,job=s,otel_scope_a=x,otel_scope_b_c=y,otel_scope_name=lib,otel_scope_schema_url=https://schema,otel_scope_version=1} 1@0",
    "{__name__=two,job=s,otel_scope_a=p,otel_scope_name=bare} 1@0",
    "{__name__=nameless,job=s,otel_scope_a=p} 1@0",
    "{__name__=target_info,job=s,other=o} 1@0",
  ]);
  expect(lines(false).slice(0, 2)).toEqual([
    "{__name__=one,job=s,otel_scope_a=p} 1@0",
    "{__name__=two,job=s,otel_scope_a=p} 1@0",
  ]);
});

test("deltas where they are allowed", () => {
  const { lines } = translate({ allowsDelta: true });
  expect(lines).toContain("{__name__=delta_total,instance=i-1,job=eu/shop} 4@-10");
});

test("bodies that are none are refused", () => {
  const settings = DEFAULTS;
  const body =
    (bytes: Uint8Array, format: "protobuf" | "json", isGzip = false) =>
    () =>
      translateOtlpBody({ bytes, format, isGzip, decodedBytesMax: 100_000 }, settings);
  const proto = otlpProto(OTLP_REQUEST);
  expect(body(proto.subarray(0, proto.length - 3), "protobuf")).toThrow(/cut off/);
  expect(body(Buffer.from('{"resourceMetrics": 3}'), "json")).toThrow(/not a list/);
  expect(body(Buffer.from("{"), "json")).toThrow(/no JSON/);
  expect(body(gzipSync(Buffer.alloc(200_000)), "protobuf", true)).toThrow(/above the limit/);
  expect(body(gzipSync(proto), "protobuf", true)).not.toThrow();
  let nested: Record<string, unknown> = { stringValue: "x" };
  for (let i = 0; i < 100; i++) nested = { arrayValue: { values: [nested] } };
  const attributes = [{ key: "a", value: nested }];
  const deep = { resourceMetrics: [{ resource: { attributes } }] };
  expect(body(Buffer.from(JSON.stringify(deep)), "json")).toThrow(/too deeply/);
  expect(body(otlpProto(deep), "protobuf")).toThrow(/too deeply/);
});

import { expect, test } from "vitest";
import { queuesOf } from "./remote-queues.js";

test("queues are read from the server's metrics; what is lost is the sum over its reasons", () => {
  const labels = '{remote_name="a\\"b",url="http://far/write"}';
  const text = [
    "# HELP prometheus_remote_storage_shards The number of shards.",
    "prometheus_remote_storage_highest_timestamp_in_seconds 1000",
    `prometheus_remote_storage_shards${labels} 2`,
    `prometheus_remote_storage_samples_pending${labels} 17`,
    `prometheus_remote_storage_samples_total${labels} 1e+06`,
    `prometheus_remote_storage_samples_failed_total${labels} 3`,
    'prometheus_remote_storage_samples_dropped_total{remote_name="a\\"b",url="http://far/write",reason="too_old"} 4',
    'prometheus_remote_storage_samples_dropped_total{remote_name="a\\"b",url="http://far/write",reason="unintentional"} 5',
    `prometheus_remote_storage_queue_highest_sent_timestamp_seconds${labels} 940`,
    'prometheus_remote_storage_read_queries_total{remote_name="r",url="http://far/read"} 1',
  ].join("\n");
  expect(queuesOf(text)).toEqual([
    {
      url: "http://far/write",
      name: 'a"b',
      pending: 17,
      shards: 2,
      failed: 3,
      dropped: 9,
      sent: 1_000_000,
      behindSeconds: 60,
    },
  ]);
});

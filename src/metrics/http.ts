/** Metrics of the HTTP server, as an observer of it, and the page that shows all metrics. */
import type { ApiResponse, HttpObserver, MetricsService } from "../api/index.js";
import type { Registry } from "./registry.js";
import { TEXT_CONTENT_TYPE, writeText } from "./write.js";

/** @param handlers patterns of all routes; each is shown before its first request, as there. */
export function observeHttp(registry: Registry, handlers: Iterable<string>): HttpObserver {
  const requests = registry.counter("prometheus_http_requests_total");
  const duration = registry.histogram("prometheus_http_request_duration_seconds");
  const size = registry.histogram("prometheus_http_response_size_bytes");
  const accepted = registry.counter("net_conntrack_listener_conn_accepted_total");
  const closed = registry.counter("net_conntrack_listener_conn_closed_total");
  const refused = registry.counter("vestal_http_connections_refused_total");
  for (const handler of new Set(handlers)) requests.add(0, handler, "200");
  accepted.add(0, "http");
  closed.add(0, "http");
  return {
    answered: (handler, status, seconds, bytes) => {
      requests.add(1, handler, String(status));
      duration.observe(seconds, handler);
      size.observe(bytes, handler);
    },
    connectionOpened: () => accepted.add(1, "http"),
    connectionClosed: () => closed.add(1, "http"),
    connectionRefused: () => refused.add(1),
  };
}

/** The page `/metrics`. */
export function metricsPage(registry: Registry): MetricsService {
  const scrapes = registry.counter("promhttp_metric_handler_requests_total");
  const inFlight = registry.gauge("promhttp_metric_handler_requests_in_flight");
  for (const code of ["200", "500", "503"]) scrapes.add(0, code);
  return {
    render: async (): Promise<ApiResponse> => {
      inFlight.add(1);
      try {
        const body = writeText(registry.collect());
        scrapes.add(1, "200");
        return { status: 200, contentType: TEXT_CONTENT_TYPE, body };
      } catch (error) {
        scrapes.add(1, "500");
        throw error;
      } finally {
        inFlight.add(-1);
      }
    },
  };
}

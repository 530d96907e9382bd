/** `/api/v1/live` over uWebSockets.js: sockets to sessions of the hub. */
import type { TemplatedApp, WebSocket } from "uWebSockets.js";
import { type RequestGate, throughGate } from "../gate.js";
import type { LiveHub, LiveSession } from "./hub.js";

/** Requests of clients are small. */
const MESSAGE_BYTES_MAX = 64 << 10;
const IDLE_SECONDS = 120;

interface SocketData {
  readonly format: "json" | "flatbuffers";
  session: LiveSession | undefined;
}

/** @param isReady  false: the upgrade is refused with 503, as the API refuses queries. */
export function attachLive(
  app: TemplatedApp,
  prefix: string,
  hub: LiveHub,
  isReady: () => boolean,
  gate?: RequestGate,
): void {
  app.ws<SocketData>(`${prefix}/api/v1/live`, {
    maxPayloadLength: MESSAGE_BYTES_MAX,
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    // The hub holds frames back long before; what it sends must not be dropped by the library.
    maxBackpressure: 0,
    upgrade: (res, req, context) => {
      if (!isReady()) {
        res.writeStatus("503 Service Unavailable").end("Service Unavailable");
        return;
      }
      const format = new URLSearchParams(req.getQuery() ?? "").get("format") ?? "json";
      if (format !== "json" && format !== "flatbuffers") {
        res.writeStatus("400 Bad Request").end('format must be "json" or "flatbuffers"');
        return;
      }
      // The request is gone once this call has returned; its headers are needed later.
      const [key, protocol, extensions] = [
        req.getHeader("sec-websocket-key"),
        req.getHeader("sec-websocket-protocol"),
        req.getHeader("sec-websocket-extensions"),
      ];
      throughGate(gate, res, req.getHeader("authorization"), () => {
        res.upgrade<SocketData>({ format, session: undefined }, key, protocol, extensions, context);
      });
    },
    open: (ws) => {
      const data = ws.getUserData();
      data.session = hub.open({
        format: data.format,
        bufferedBytes: () => ws.getBufferedAmount(),
        send: (frame) => send(ws, frame),
      });
    },
    message: (ws, message) => ws.getUserData().session?.receive(Buffer.from(message).toString("utf8")),
    drain: (ws) => ws.getUserData().session?.drained(),
    close: (ws) => ws.getUserData().session?.closed(),
  });
}

/** The text that was sent last, and its bytes: thousands of sockets get the same one after the other. */
let lastText = "";
let lastBytes: Uint8Array = new Uint8Array(0);

function send(ws: WebSocket<SocketData>, frame: string | Uint8Array): void {
  if (typeof frame !== "string") {
    ws.send(frame, true);
    return;
  }
  if (frame !== lastText) {
    lastText = frame;
    lastBytes = Buffer.from(frame, "utf8");
  }
  ws.send(lastBytes, false);
}

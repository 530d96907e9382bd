/** `notifications/live`: notes for people as server-sent events, each when it appears and when it is over. */
import type { HttpResponse, TemplatedApp } from "uWebSockets.js";
import type { StatusService } from "./deps.js";
import { type Headers, type RequestGate, throughGate } from "./gate.js";
import { formatTime } from "./go-time.js";
import { goJson } from "./respond.js";

/** How often notes are looked at. */
const LOOK_MS = 1000;

type Note = ReturnType<StatusService["notifications"]>[number];

/** For the server's own metrics. */
export interface NotificationCounters {
  subscribers: number;
  sent: number;
}

/** @param subscribersMax  further ones get 204, as there. */
export function attachNotifications(
  app: TemplatedApp,
  prefix: string,
  status: StatusService,
  subscribersMax: number,
  counters: NotificationCounters,
  gate?: RequestGate,
): void {
  const serve = (res: HttpResponse, headers: Headers): void => {
    if (counters.subscribers >= subscribersMax) {
      res.writeStatus("204 No Content").endWithoutBody();
      return;
    }
    counters.subscribers++;
    let told = new Map<string, Note>();
    const look = (): void => {
      const now = new Map(status.notifications().map((note) => [note.text, note]));
      const events: Note[] = [];
      for (const [text, note] of now) if (!told.has(text)) events.push(note);
      for (const [text, note] of told) if (!now.has(text)) events.push({ ...note, active: false });
      told = now;
      for (const note of events) res.cork(() => res.write(eventOf(note)));
      counters.sent += events.length;
    };
    res.writeStatus("200 OK");
    for (const [name, value] of headers) res.writeHeader(name, value);
    res.writeHeader("Content-Type", "text/event-stream").writeHeader("Cache-Control", "no-cache");
    // An event stream lives on while nothing happens: a comment keeps the connection open.
    const keepAlive = setInterval(() => res.cork(() => res.write(": \n\n")), 5 * LOOK_MS);
    const timer = setInterval(look, LOOK_MS);
    res.onAborted(() => {
      counters.subscribers--;
      clearInterval(timer);
      clearInterval(keepAlive);
    });
    res.write(": \n\n");
    look();
  };
  app.get(`${prefix}/api/v1/notifications/live`, (res, req) => {
    throughGate(gate, res, req.getHeader("authorization"), (headers) => serve(res, headers));
  });
}

function eventOf({ text, dateMs, active }: Note): string {
  return `data: ${goJson({ text, date: formatTime(dateMs), active })}\n\n`;
}

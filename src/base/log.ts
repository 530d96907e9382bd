/**
 * Log lines as Prometheus writes them: `time=… level=INFO source=… msg="…" key=value`, or one JSON object a line.
 * Messages are constant, data go into fields, secrets into neither.
 */
import { writeSync } from "node:fs";
import { type Clock, systemClock } from "./clock.js";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "logfmt" | "json";
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock?: Clock;
  /** Receives whole lines with their line end; standard error by default. */
  readonly write?: (line: string) => void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLogger(options: LogOptions): Logger {
  const clock = options.clock ?? systemClock;
  const write = options.write ?? writeToStderr;
  const make = (bound: LogFields): Logger => {
    const line = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
      if (RANK[level] < RANK[options.level]) return;
      const all = { ...bound, ...fields };
      const time = new Date(clock.nowMs()).toISOString();
      write(options.format === "json" ? jsonLine(time, level, message, all) : logfmtLine(time, level, message, all));
    };
    return {
      debug: (message, fields) => line("debug", message, fields),
      info: (message, fields) => line("info", message, fields),
      warn: (message, fields) => line("warn", message, fields),
      error: (message, fields) => line("error", message, fields),
      with: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}

/** A logger that drops everything; for tests and for parts that are used as a library. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLogger,
};

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ time, level: level.toUpperCase(), msg: message, ...plainFields(fields) })}\n`;
}

function logfmtLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  let line = `time=${time} level=${level.toUpperCase()} msg=${quoted(message)}`;
  for (const [key, value] of Object.entries(plainFields(fields))) line += ` ${key}=${quoted(String(value))}`;
  return `${line}\n`;
}

function plainFields(fields: LogFields): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    plain[key] =
      value instanceof Error
        ? value.message
        : typeof value === "object" && value !== null
          ? JSON.stringify(value)
          : value;
  }
  return plain;
}

function quoted(text: string): string {
  return /^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

function writeToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    // A closed or full pipe must not end the server; there is nobody left to tell.
    if (!(error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "EAGAIN")))
      throw error;
  }
}

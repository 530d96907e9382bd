/** How every thread of the server logs. Lines are written whole, so threads share standard error. */
import { createLogger, type LogFormat, type Logger, type LogLevel } from "../../base/index.js";

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

export function loggerOf(settings: LogSettings, component: string): Logger {
  return createLogger(settings).with({ component });
}

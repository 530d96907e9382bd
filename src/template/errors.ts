/** What goes wrong with a template, in the words of Go's text/template. */
import { VestalError } from "../base/index.js";

/** A template that cannot be read; found when it is loaded. */
export class TemplateParseError extends VestalError {
  constructor(message: string) {
    super("TEMPLATE_PARSE", message);
  }
}

/** A template that failed while it ran, or went over one of its limits. */
export class TemplateExecError extends VestalError {
  /** What was written until then. */
  partial = "";
  constructor(message: string, cause?: unknown) {
    super("TEMPLATE_EXEC", message, {}, cause);
  }
}

/** What a template's function throws: its message goes behind `error calling NAME: `. */
export class FunctionError extends VestalError {
  constructor(message: string) {
    super("TEMPLATE_FUNCTION", message);
  }
}

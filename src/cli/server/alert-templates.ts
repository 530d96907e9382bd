/** Templates of labels and annotations, over the template module. */
import { VestalError } from "../../base/index.js";
import type { AlertTemplates } from "../../rules/index.js";

export function alertTemplates(
  _externalUrl: string,
  _externalLabels: Readonly<Record<string, string>>,
): AlertTemplates {
  return {
    expand: () => {
      throw new VestalError("TEMPLATE", "templates are not there yet");
    },
  };
}

/** Why a template cannot be read, or undefined. */
export function checkTemplate(_name: string, _text: string): string | undefined {
  return undefined;
}

/** Templates of labels and annotations, over the template module. */
import { VestalError } from "../base/index.js";
import { histogramText } from "../promql/index.js";
import type { AlertTemplates } from "../rules/index.js";
import { checkAlertTemplate, expandAlertTemplate } from "../template/index.js";

/** @param hasUrlFunctions  false: `externalURL` and `pathPrefix` fail, as in promtool's tests, which give them no URL */
export function alertTemplates(
  externalUrl: string,
  externalLabels: Readonly<Record<string, string>>,
  hasUrlFunctions = true,
): AlertTemplates {
  return {
    expand: (name, text, { labels, value, histogram }, query) => {
      const shown = histogram === undefined ? value : { histogram: histogramText(histogram) };
      return expandAlertTemplate(
        name,
        text,
        { labels: labels.toObject(), externalLabels, value: shown },
        { externalUrl, query, hasUrlFunctions },
      );
    },
  };
}

/** Why a template cannot be read, or undefined. */
export function checkTemplate(name: string, text: string): string | undefined {
  try {
    checkAlertTemplate(name, text);
    return undefined;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    return error.message;
  }
}

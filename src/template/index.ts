export { FunctionError, TemplateExecError, TemplateParseError } from "./errors.js";
export { DEFAULT_TEMPLATE_LIMITS, type Escaper, type MissingKey, type TemplateLimits } from "./execute.js";
export { sprint, sprintf, toText } from "./format.js";
export {
  ALERT_TEMPLATE_DEFINITIONS,
  type AlertTemplateContext,
  type AlertTemplateData,
  checkAlertTemplate,
  expandAlertTemplate,
  prometheusFunctions,
  type TemplateQuery,
  type TemplateSample,
} from "./prometheus.js";
export { type TemplateOptions, TemplateSet } from "./template-set.js";
export {
  formatGoDuration,
  formatMillis,
  formatRfc3339,
  GoDuration,
  GoTime,
  loadLocation,
  parseGoDuration,
  parseRfc3339,
  ZERO_TIME,
  zoneAt,
} from "./time.js";
export {
  ANY,
  Boxed,
  fn,
  fromJson,
  type GoFunction,
  GoInteger,
  GoMap,
  GoOpaque,
  GoSlice,
  GoString,
  GoStruct,
  GoValue,
  stringMap,
  type Value,
} from "./values.js";

/**
 * The default e-mail, made of parts: what it renders is what Alertmanager's own renders, whose look comes from Mailgun's
 * transactional e-mail templates (MIT).
 */

const FONT = "font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; box-sizing: border-box;";
const BASE = `margin: 0; ${FONT} font-size: 14px;`;
const TOP = "vertical-align: top;";
const BLOCK = `<td class="content-block" style="${BASE} ${TOP} padding: 0 0 20px;" valign="top">`;
const ROW = `<tr style="${BASE}">`;
const BREAK = `<br style="${BASE}">`;
const strong = (text: string): string => `<strong style="${BASE}">${text}</strong>`;
const indent = (columns: number): string => `\n${" ".repeat(columns)}`;

const MEDIA: readonly (readonly [string, readonly string[]])[] = [
  ["body", ["padding: 0"]],
  ["h1,\nh2,\nh3,\nh4", ["font-weight: 800", "margin: 20px 0 5px"]],
  ["h1", ["font-size: 22px"]],
  ["h2", ["font-size: 18px"]],
  ["h3", ["font-size: 16px"]],
  [".container", ["padding: 0", "width: 100%"]],
  [".content", ["padding: 0"]],
  [".content-wrap", ["padding: 10px"]],
  [".invoice", ["width: 100%"]],
];
const MEDIA_RULES = MEDIA.map(
  ([selector, rules]) => `  ${selector} {\n${rules.map((rule) => `    ${rule} !important;\n`).join("")}  }\n`,
).join("\n");

const HEAD =
  "\n\n" +
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n' +
  `<html xmlns="http://www.w3.org/1999/xhtml" style="${BASE}">\n<head>\n` +
  '<meta name="viewport" content="width=device-width">\n' +
  '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n' +
  '<title>{{ template "__subject" . }}</title>\n' +
  `<style>\n@media only screen and (max-width: 640px) {\n${MEDIA_RULES}}\n</style>\n</head>\n\n`;

const BODY_STYLE =
  `${BASE} -webkit-font-smoothing: antialiased; -webkit-text-size-adjust: none; height: 100%; line-height: 1.6em; ` +
  "background-color: #f6f6f6; width: 100%;";

/** The coloured line on top. @param tail  behind each group label. */
const banner = (kind: string, color: string, tail: string): string =>
  `${indent(12)}<td class="alert alert-${kind}" style="margin: 0; ${FONT} ${TOP} font-size: 16px; color: #fff; ` +
  `font-weight: 500; padding: 20px; text-align: center; border-radius: 3px 3px 0 0; background-color: ${color};" ` +
  `valign="top" align="center" bgcolor="${color}">` +
  `${indent(14)}{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}` +
  `${indent(16)}{{ .Name }}={{ .Value }}${tail}${indent(14)}{{ end }}${indent(12)}</td>${indent(12)}`;

const pairs = (field: string): string => `{{ range .${field}.SortedPairs }}{{ .Name }} = {{ .Value }}${BREAK}{{ end }}`;

const heading = (state: string): string =>
  `${indent(16)}${ROW}${indent(18)}${BLOCK}${indent(20)}${strong(`[{{ len .Alerts.${state} }}] ${state}`)}` +
  `${indent(18)}</td>${indent(16)}</tr>${indent(16)}`;

const RULE =
  `${indent(16)}${ROW}${indent(18)}${BLOCK}${indent(20)}${BREAK}${indent(20)}<hr style="${BASE}">${indent(20)}${BREAK}` +
  `${indent(18)}</td>${indent(16)}</tr>${indent(18)}`;

const ALERT =
  `${indent(16)}${ROW}${indent(18)}${BLOCK}${indent(20)}${strong("Labels")}${BREAK}${indent(20)}${pairs("Labels")}` +
  `${indent(20)}{{ if .Annotations }}${strong("Annotations")}${BREAK}{{ end }}${indent(20)}${pairs("Annotations")}` +
  `${indent(20)}<a href="{{ .GeneratorURL }}" style="${BASE} color: #348eda; text-decoration: underline;">Source</a>` +
  `${BREAK}${indent(18)}</td>${indent(16)}</tr>${indent(16)}`;

const BUTTON_STYLE =
  `${BASE} text-decoration: none; color: #FFF; background-color: #348eda; border: solid #348eda; ` +
  "border-width: 10px 20px; line-height: 2em; font-weight: bold; text-align: center; cursor: pointer; " +
  "display: inline-block; border-radius: 5px; text-transform: capitalize;";

const BODY =
  `<body itemscope itemtype="https://schema.org/EmailMessage" style="${BODY_STYLE}">\n\n` +
  `<table class="body-wrap" style="${BASE} background-color: #f6f6f6; width: 100%;" width="100%" bgcolor="#f6f6f6">` +
  `${indent(2)}${ROW}${indent(4)}<td style="${BASE} ${TOP}" valign="top"></td>` +
  `${indent(4)}<td class="container" width="600" style="${FONT} font-size: 14px; ${TOP} display: block; ` +
  'max-width: 600px; margin: 0 auto; clear: both;" valign="top">' +
  `${indent(6)}<div class="content" style="${FONT} font-size: 14px; max-width: 600px; margin: 0 auto; display: block; ` +
  `padding: 20px;">${indent(8)}<table class="main" width="100%" cellpadding="0" cellspacing="0" style="${BASE} ` +
  'background-color: #fff; border: 1px solid #e9e9e9; border-radius: 3px;" bgcolor="#fff">' +
  `${indent(10)}${ROW}${indent(12)}{{ if .Alerts.Firing }}${banner("warning", "#E6522C", "")}{{ else }}` +
  `${banner("good", "#68B90F", " ")}{{ end }}${indent(10)}</tr>${indent(10)}${ROW}` +
  `${indent(12)}<td class="content-wrap" style="${BASE} ${TOP} padding: 30px;" valign="top">` +
  `${indent(14)}<table width="100%" cellpadding="0" cellspacing="0" style="${BASE}">${indent(16)}${ROW}` +
  `${indent(18)}${BLOCK}${indent(20)}<a href="{{ template "__alertmanagerURL" . }}" class="btn-primary" ` +
  `style="${BUTTON_STYLE}">View in {{ template "__alertmanager" . }}</a>${indent(18)}</td>${indent(16)}</tr>` +
  `${indent(16)}{{ if .Alerts.Firing }}${heading("Firing")}{{ end }}` +
  `${indent(16)}{{ range .Alerts.Firing }}${ALERT}{{ end }}\n` +
  `${indent(16)}{{ if .Alerts.Resolved }}${indent(18)}{{ if .Alerts.Firing }}${RULE}{{ end }}${heading("Resolved")}{{ end }}` +
  `${indent(16)}{{ range .Alerts.Resolved }}${ALERT}{{ end }}` +
  `${indent(14)}</table>${indent(12)}</td>${indent(10)}</tr>${indent(8)}</table>\n` +
  `${indent(8)}<div class="footer" style="${BASE} width: 100%; clear: both; color: #999; padding: 20px;">` +
  `${indent(10)}<table width="100%" style="${BASE}">${indent(12)}${ROW}` +
  `${indent(14)}<td class="aligncenter content-block" style="margin: 0; ${FONT} ${TOP} padding: 0 0 20px; ` +
  'text-align: center; color: #999; font-size: 12px;" valign="top" align="center">' +
  `<a href="{{ .ExternalURL }}" style="margin: 0; ${FONT} text-decoration: underline; color: #999; font-size: 12px;">` +
  `Sent by {{ template "__alertmanager" . }}</a></td>${indent(12)}</tr>${indent(10)}</table>${indent(8)}</div></div>` +
  `${indent(4)}</td>${indent(4)}<td style="${BASE} ${TOP}" valign="top"></td>${indent(2)}</tr>\n</table>\n\n</body>\n</html>\n\n`;

export const EMAIL_TEMPLATE = `{{ define "email.default.html" }}${HEAD}${BODY}{{ end }}`;

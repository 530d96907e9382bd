/** Results of tests as JUnit XML. */
export interface TestCase {
  readonly name: string;
  readonly failures: readonly string[];
}

export interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
  /** The file could not be used at all. */
  readonly abort: string | undefined;
  readonly startedMs: number;
}

export function junitXml(suites: readonly TestSuite[]): string {
  return `<testsuites>${suites.map(suiteXml).join("")}</testsuites>`;
}

function suiteXml({ name, cases, abort, startedMs }: TestSuite): string {
  const failures = cases.reduce((sum, one) => sum + one.failures.length, 0);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${abort === undefined ? 0 : 1}" skipped="0"`;
  const time = new Date(startedMs).toISOString().slice(0, 19);
  const body = cases.map((one) => {
    const inside = one.failures.map((failure) => `<failure>${escaped(failure)}</failure>`).join("");
    return `<testcase name="${escaped(one.name)}">${inside}</testcase>`;
  });
  const error = abort === undefined ? "" : `<testcase name="abort"><error>${escaped(abort)}</error></testcase>`;
  return `<testsuite name="${escaped(name)}" ${counts} timestamp="${time}">${body.join("")}${error}</testsuite>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\n": "&#xA;",
  "\r": "&#xD;",
  "\t": "&#x9;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"'\n\r\t]/g, (char) => ENTITIES[char]!);
}

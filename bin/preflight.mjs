/** Refuses, in one line with the remedy, a Node.js or a C library that cannot load what the server needs. No dependencies. */

/**
 * @param {string} nodeVersion as `process.versions.node`
 * @param {string | undefined} glibcVersion of the running system; undefined where the C library is not glibc
 * @param {string} platform as `process.platform`
 * @returns {string | undefined} what is wrong and what to do, or undefined
 */
export function preflightProblem(nodeVersion, glibcVersion, platform) {
  const major = Number(nodeVersion.split(".")[0]);
  if (![20, 22, 24].includes(major)) {
    return `vestal: Node.js ${nodeVersion} is not supported; install Node.js 20, 22 or 24`;
  }
  if (platform !== "linux") return undefined;
  if (glibcVersion === undefined) {
    return "vestal: this system's C library is not glibc (Alpine's musl?); use a glibc system such as Debian 12 or newer";
  }
  const [wantMajor, wantMinor] = major === 20 ? [2, 27] : [2, 38];
  const [gotMajor = 0, gotMinor = 0] = glibcVersion.split(".").map(Number);
  if (gotMajor > wantMajor || (gotMajor === wantMajor && gotMinor >= wantMinor)) return undefined;
  const remedy = major === 20 ? "use a newer system" : "use Node.js 20 here, or a newer system";
  return `vestal: Node.js ${major} needs glibc ${wantMajor}.${wantMinor} or newer, and this system has ${glibcVersion}; ${remedy}`;
}

/** The running system's glibc version, or undefined. */
export function glibcVersion() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime;
}

/** Ends the process with exit code 1 and one line if this machine cannot run the program. */
export function preflight() {
  const problem = preflightProblem(process.versions.node, glibcVersion(), process.platform);
  if (problem === undefined) return;
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

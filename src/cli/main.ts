/** The one entry of the program: `vestal COMMAND …`. */
export async function main(args: readonly string[]): Promise<void> {
  process.stderr.write(`vestal: unknown command ${args[0] ?? ""}\n`);
  process.exitCode = 2;
}

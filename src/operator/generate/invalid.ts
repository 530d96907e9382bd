/** An object that the operator must reject, with the reason that a person reads in its status. */
export class InvalidConfigurationError extends Error {
  override readonly name = "InvalidConfigurationError";
}

export function invalid(reason: string): never {
  throw new InvalidConfigurationError(reason);
}

/** Runs a check and puts the place in front of its reason. */
export function at<T>(place: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof InvalidConfigurationError) {
      throw new InvalidConfigurationError(`${place}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** The reason why a check failed; undefined if it passed. */
export function reasonOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return error.message;
    throw error;
  }
}

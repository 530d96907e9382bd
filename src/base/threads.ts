/**
 * Limits of a thread's JavaScript heap. Samples never lie on it, so a thread's garbage is small and short-lived: a young
 * generation of V8's default size (48 MB a thread) would only be filled with it before it is collected, and stay resident.
 */
export const SMALL_YOUNG_GENERATION = { maxYoungGenerationSizeMb: 4 } as const;

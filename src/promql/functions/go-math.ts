/** Functions of which Go's and JavaScript's libraries promise no equal bits; the one place to make them equal. */
export const { exp, log, log2, log10, sinh, cosh, tanh, asinh, acosh, atanh, pow, atan2 } = Math;

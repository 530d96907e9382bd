/**
 * Before each test file: property tests draw the same values in every run. `PROPERTY_SEED` names another seed, to search on: what
 * it finds becomes an example of its own.
 */
import fc from "fast-check";

/** The day it was fixed. */
const SEED = 20261126;

fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? SEED) });

import { expect, test } from "vitest";
import { CorruptionError, fromPlain, toPlain, VestalError } from "./errors.js";

test("an error keeps name, code, details and cause across a structured clone", () => {
  const error = new CorruptionError("WAL_CHECKSUM", "wal: damaged", { offset: 7 }, new VestalError("INNER", "why"));
  const back = fromPlain(structuredClone(toPlain(error)));
  expect([back.name, back.code, back.message, back.details]).toEqual([
    "CorruptionError",
    "WAL_CHECKSUM",
    "wal: damaged",
    { offset: 7 },
  ]);
  expect((back.cause as VestalError).code).toBe("INNER");
});

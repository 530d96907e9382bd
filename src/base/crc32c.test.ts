import * as fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c as twin } from "../../test/twins/bytes/crc32c.js";
import { crc32c } from "./index.js";

test("the check value of the catalogue", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

test("any bytes have the twin's checksum, in one piece or in two", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      expect(crc32c(bytes)).toBe(twin(bytes));
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(twin(bytes));
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { xxHash64 as twin } from "../../test/twins/model/xxhash64.js";
import { xxHash64 } from "./xxhash64.js";

/** Of the specification's own implementation. */
test.each([
  ["", 0xef46db3751d8e999n],
  ["a", 0xd24ec4f1a98c6e5bn],
  ["abc", 0x44bc2cf5ad770999n],
])("the xxHash64 of %j", (text, hash) => {
  expect(xxHash64(Buffer.from(text))).toBe(hash);
});

test("xxHash64 of any bytes is its twin's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(xxHash64(Buffer.from(bytes))).toBe(twin(Buffer.from(bytes)));
    }),
  );
});

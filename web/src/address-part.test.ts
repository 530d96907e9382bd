import { expect, test } from "vitest";
import { addressPart } from "./address-part.js";

test.each([
  ["a%2Fb%20%C3%BC", "a/b ü"],
  ["plain", "plain"],
  ["100%", "100%"],
  ["%ff", "%ff"],
])("%s", (text, meant) => {
  expect(addressPart(text)).toBe(meant);
});

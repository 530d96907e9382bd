import { expect, test } from "vitest";
import { NumberList } from "./number-list.js";

function filled(count: number, first: number): NumberList {
  const list = new NumberList();
  for (let i = 0; i < count; i++) list.push(first + i);
  return list;
}

function isAscending(list: NumberList, count: number, first: number): boolean {
  return list.length === count && list.values.subarray(0, count).every((value, i) => value === first + i);
}

test("lists that live at the same time share no room, whatever was given up before", () => {
  for (let round = 0; round < 3; round++) {
    const lists = Array.from({ length: 4 }, (_, i) => filled(50_000, 1e6 * i));
    for (const [i, list] of lists.entries()) expect(isAscending(list, 50_000, 1e6 * i)).toBe(true);
    lists[0]!.clear();
    lists[1]!.clear();
    const again = filled(40_000, -1e6);
    for (const [i, list] of lists.entries()) if (i > 1) expect(isAscending(list, 50_000, 1e6 * i)).toBe(true);
    expect(isAscending(again, 40_000, -1e6)).toBe(true);
    for (const list of lists) list.clear();
  }
});

test("a cleared list is empty, and can be filled again", () => {
  const list = filled(100, 0);
  list.clear();
  expect(list.length).toBe(0);
  for (let i = 0; i < 9000; i++) list.push(5 + i);
  expect(isAscending(list, 9000, 5)).toBe(true);
});

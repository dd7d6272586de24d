import { expect, test } from "vitest";
import type { LiveEvent } from "../gen/wire";
import { order, TerminalLog } from "../state/terminal";

const event = (n: number, epoch = 1, at = n): LiveEvent => ({
  agent: "scout", epoch, n, at: new Date(1_700_000_000_000 + at * 1000).toISOString(), kind: "text", turn: null, data: { text: `row ${epoch}:${n}` },
});
const shown = (log: TerminalLog): string[] => log.chunks.value.flatMap((chunk) => chunk.rows.value.map((row) => row.id));
const range = (from: number, to: number): LiveEvent[] => Array.from({ length: to - from }, (_, i) => event(from + i));

test("history and live rows together show each event once, in order", () => {
  const log = new TerminalLog("scout");
  log.put([event(3), event(4)]);
  log.put([event(4), event(5), event(5)]);
  log.put([event(1), event(2), event(3)]);
  expect(shown(log)).toEqual(["1:1", "1:2", "1:3", "1:4", "1:5"]);
});

test("older pages leave the chunks that are on the screen as they were", () => {
  const log = new TerminalLog("scout");
  log.put(range(300, 500));
  const before = log.chunks.value.slice(1);
  log.put(range(1, 300));
  expect(log.chunks.value.slice(-before.length)).toEqual(before);
  expect(shown(log)).toHaveLength(499);
  expect(new Set(log.chunks.value.map((chunk) => chunk.key)).size).toBe(log.chunks.value.length);
});

test("a new row touches the last chunk only", () => {
  const log = new TerminalLog("scout");
  log.put(range(1, 200));
  const rows = log.chunks.value.map((chunk) => chunk.rows.value);
  log.put([event(200)]);
  const changed = log.chunks.value.filter((chunk, i) => chunk.rows.value !== rows[i]);
  expect(changed).toHaveLength(1);
});

test("starts without a store count from 1 again and still stand in the order of time", () => {
  const log = new TerminalLog("scout");
  log.put([event(1, 1, 10), event(2, 1, 11), event(1, 2, 20), event(2, 2, 21)]);
  expect(shown(log)).toEqual(["1:1", "1:2", "2:1", "2:2"]);
  expect(order(event(9, 1, 1), event(1, 2, 5))).toBeLessThan(0);
});

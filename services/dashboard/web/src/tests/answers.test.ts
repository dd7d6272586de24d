// An answer in the making: kept in the browser, and the deadline held only while something is typed.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Question } from "../gen/wire";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key),
});
const { Answering } = await import("../state/answers");

const question: Question = { id: 5, asker: "scout", to: "operator", question: "?", options: ["a", "b"], multi: false, asked_at: new Date().toISOString(), deadline: new Date(Date.now() + 9000).toISOString() };
let asked: string[] = [];
let refuse = false;

beforeEach(() => {
  vi.useFakeTimers();
  kept.clear();
  asked = [];
  refuse = false;
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return refuse ? Response.json({ error: { code: "hold_over", message: "Over.", details: {} } }, { status: 409 }) : Response.json(question);
  });
});
afterEach(() => { vi.useRealTimers(); });

test("the first letter holds at once, more letters every 20 s, silence never", async () => {
  const place = new Answering(5);
  place.edit(question, { text: "a" });
  place.edit(question, { text: "ab" });
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(["/api/questions/5/hold"]);
  expect(place.hold.value).toBe("held");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(asked).toHaveLength(2);
  place.edit(question, { options: ["b"] });
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(3);
});

test("what can't be held any longer isn't asked for again, and the words stay", async () => {
  refuse = true;
  const place = new Answering(5);
  place.edit(question, { text: "too slow" });
  await vi.advanceTimersByTimeAsync(0);
  expect(place.hold.value).toBe("over");
  place.edit(question, { text: "too slow by far" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  expect(new Answering(5).answer.value.text).toBe("too slow by far");
});

test("a question without a deadline, or not to the operator, is never held", async () => {
  new Answering(6).edit({ ...question, id: 6, deadline: null }, { text: "x" });
  new Answering(7).edit({ ...question, id: 7, to: "scribe" }, { text: "x" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
});

// The queue's order, addresses of decisions, what was seen of an approval, reminders.
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Approval, Message, Question, Reminder } from "../gen/wire";
import { parse } from "../state/address";
import type { Waiting } from "../state/queue";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key),
});
const { inQueueOrder } = await import("../state/queue");
const { noteShown, reviewed, setViewed } = await import("../state/reviewed");
const { approvals, putApproval, resolvedCount } = await import("../state/approvals");
const { looking, endedHere, openQuestions, putQuestion } = await import("../state/questions");
const { soonestFirst } = await import("../state/reminders");

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 21, 12, minute)).toISOString();
const question = (id: number, asked: number, deadline: number | null, more: Partial<Question> = {}): Question => ({
  id, asker: "scout", to: "operator", question: "?", options: [], multi: false, asked_at: at(asked), deadline: deadline === null ? null : at(deadline), ...more,
});
const approval = (id: number, requested: number, status: Approval["status"] = "pending"): Approval => ({
  id, kind: "apply_commit", agent: "scout", status, commit: "c", base: "b", description: "", requested_by: "manager", requested_at: at(requested), notes: [],
});
const asked = (of: Question): Waiting => ({ kind: "question", key: `question-${of.id}`, since: of.asked_at, deadline: of.deadline, question: of });
const wanted = (of: Approval): Waiting => ({ kind: "approval", key: `approval-${of.id}`, since: of.requested_at, deadline: null, approval: of });
const mail = (id: number, stored: number): Waiting => ({ kind: "mail", key: `mail-${id}`, since: at(stored), deadline: null, message: { id } as Message });

beforeEach(() => { endedHere.value = []; openQuestions.value = []; looking.clear(); });

describe("the queue", () => {
  test("begins with what ends soonest, then what holds somebody up, the oldest first, then mail", () => {
    const list = [mail(1, 0), wanted(approval(2, 1)), asked(question(3, 9, 50)), asked(question(4, 8, 40)), asked(question(5, 2, null))];
    expect(inQueueOrder(list).map((item) => item.key)).toEqual(["question-4", "question-3", "approval-2", "question-5", "mail-1"]);
  });

  test("keeps a question that ends while its card is on the screen, and no other", () => {
    putQuestion(question(1, 1, 9));
    putQuestion(question(2, 1, 9));
    looking.add(1);
    putQuestion(question(1, 1, 9, { outcome: "expired", answer: "[expired]", answerer: "ttl-watchdog" }));
    putQuestion(question(2, 1, 9, { outcome: "expired", answer: "[expired]", answerer: "ttl-watchdog" }));
    expect(openQuestions.value).toEqual([]);
    expect(endedHere.value.map((held) => held.id)).toEqual([1]);
  });

  test("never shows a question between agents", () => {
    putQuestion(question(3, 1, null, { to: "scribe" }));
    expect(openQuestions.value).toEqual([]);
  });

  test("loses an approval once it is resolved", () => {
    putApproval(approval(7, 1), 0);
    putApproval(approval(7, 1, "building"), 0);
    expect(approvals.value.map((held) => held.status)).toEqual(["building"]);
    putApproval(approval(7, 1, "deployed"), 1);
    expect([approvals.value, resolvedCount.value]).toEqual([[], 1]);
  });
});

test("what has ended stays so when an older event comes late", () => {
  putQuestion(question(21, 1, null, { outcome: "answered", answer: "yes", answerer: "operator" }));
  putQuestion(question(21, 1, null));
  expect(openQuestions.value).toEqual([]);
  putApproval(approval(22, 1, "building"), 0);
  putApproval(approval(22, 1, "approved"), 0);
  expect(approvals.value.find((held) => held.id === 22)?.status).toBe("building");
  putApproval(approval(22, 1, "failed"), 1);
  putApproval(approval(22, 1, "building"), 1);
  expect(approvals.value.some((held) => held.id === 22)).toBe(false);
});

describe("what was seen of an approval", () => {
  test("is bound to its hash: another one forgets what was viewed and says that it changed", () => {
    expect(noteShown(1, "first", false)).toBe(false);
    setViewed(1, "agent.toml", true);
    expect(noteShown(1, "first", true)).toBe(false);
    expect(reviewed(1)).toEqual({ hash: "first", complete: true, viewed: ["agent.toml"] });
    expect(noteShown(1, "second", false)).toBe(true);
    expect(reviewed(1)).toEqual({ hash: "second", complete: false, viewed: [] });
  });

  test("stays whole when the same is read once more", () => {
    noteShown(2, "same", true);
    noteShown(2, "same", false);
    expect(reviewed(2)?.complete).toBe(true);
  });

  test("ends with the approval", () => {
    noteShown(3, "hash", true);
    putApproval(approval(3, 1, "denied"), 1);
    expect(reviewed(3)).toBeNull();
  });
});

describe("addresses of decisions", () => {
  test("name a view, a tab, an approval, or nothing", () => {
    expect(parse("/decisions", "")).toEqual({ page: "decisions", view: null, tab: null, approval: null });
    expect(parse("/decisions", "?view=approvals&tab=history")).toEqual({ page: "decisions", view: "approvals", tab: "history", approval: null });
    expect(parse("/decisions", "?approval=12&view=nonsense")).toEqual({ page: "decisions", view: null, tab: null, approval: 12 });
  });
});

test("reminders come soonest first", () => {
  const reminder = (id: number, due: number) => ({ id, due: at(due) }) as Reminder;
  expect(soonestFirst([reminder(1, 9), reminder(2, 3), reminder(3, 3)]).map((held) => held.id)).toEqual([2, 3, 1]);
});

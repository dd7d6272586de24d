import { expect, test } from "vitest";
import type { LiveEvent } from "../gen/wire";
import { RowBuilder, mailTool, type Row } from "../state/rows";

let n = 0;
const event = (kind: string, data: Record<string, unknown> = {}, more: Partial<LiveEvent> = {}): LiveEvent => {
  n += 1;
  return { agent: "scout", epoch: 1, n, at: new Date(1_700_000_000_000 + n * 1000).toISOString(), kind, turn: "t1", data, ...more };
};
const build = (events: LiveEvent[]): Row[] => {
  const builder = new RowBuilder();
  for (const one of events) builder.add(one);
  return builder.rows;
};

test("a tool call and its result are one row with size and duration", () => {
  const rows = build([
    event("tool_call", { id: "a", name: "Bash", input: { command: "ls" }, verb: "Bash", object: "ls" }),
    event("text", { text: "meanwhile" }),
    event("tool_result", { id: "a", is_error: false, text: "x", bytes: 1 }),
  ]);
  expect(rows.map((row) => row.kind)).toEqual(["tool", "text"]);
  expect(rows[0]).toMatchObject({ verb: "Bash", object: "ls", result: { bytes: 1, failed: false, seconds: 2 } });
});

test("a result whose call isn't there is still shown", () => {
  expect(build([event("tool_result", { id: "gone", text: "late" })])).toMatchObject([{ kind: "tool", verb: "result" }]);
});

test("a turn is open until it ends, and its unanswered calls end with it", () => {
  const started = event("turn_started", { woken_by: [{ id: 4, sender: "operator" }] });
  const call = event("tool_call", { id: "b", name: "Bash", input: {} });
  expect(build([started, call])[0]).toMatchObject({ open: true, wokenBy: [{ id: 4, sender: "operator" }] });
  const rows = build([started, call, event("turn_ended", { outcome: "cancelled" })]);
  expect(rows[0]).toMatchObject({ open: false });
  expect(rows[1]).toMatchObject({ cutOff: true, result: null });
});

test("a harness that starts again closes the turn that was open", () => {
  expect(build([event("turn_started"), event("state", { state: "starting" })])[0]).toMatchObject({ open: false });
});

test("an edit shows what it asks for until its result tells what it did", () => {
  const call = event("tool_call", { id: "c", name: "Edit", input: { old_string: "a\nb", new_string: "c" } });
  expect(build([call])[0]).toMatchObject({ diff: { removed: 2, added: 1, lines: ["-a", "-b", "+c"] } });
  const done = event("tool_result", { id: "c", text: "ok", diff: { added: 5, removed: 3, patch: "@@ -1 +1 @@\n-a\n+c" } });
  expect(build([call, done])[0]).toMatchObject({ diff: { removed: 3, added: 5, lines: ["@@ -1 +1 @@", "-a", "+c"] } });
});

test("an event of a newer harness becomes a row, never an error", () => {
  expect(build([event("shiny", { a: 1 }), event("unknown", { raw: { type: "x" } })])).toMatchObject([
    { kind: "unknown", name: "shiny", raw: { a: 1 } }, { kind: "unknown", raw: { type: "x" } },
  ]);
});

test("missing or malformed fields never break a row", () => {
  for (const kind of ["turn_started", "turn_ended", "text", "tool_call", "tool_result", "compaction", "retry", "task", "state", "note", "error"]) {
    expect(() => build([event(kind, { woken_by: 3, input: "x", diff: 7, text: null }), { ...event(kind), data: undefined }])).not.toThrow();
  }
});

test("only hyperhive's own mail tools are mail", () => {
  expect(mailTool("mcp__hyperhive__send")).toBe("send");
  expect(mailTool("mcp__chat__send")).toBeNull();
});

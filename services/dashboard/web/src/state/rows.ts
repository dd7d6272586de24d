// Live events as terminal rows: a tool call and its result become one row, a turn knows whether it is open.
import type { LiveEvent } from "../gen/wire";

export type Data = Record<string, unknown>;

interface Base {
  id: string;
  at: string;
  n: number;
  subagent: boolean;
}
export interface ToolResult { text: string; bytes: number; failed: boolean; seconds: number; diff: FileDiff | null }
export interface FileDiff { added: number; removed: number; lines: string[] }
export type Row = Base &
  (
    | { kind: "turn_started"; turn: string | null; wokenBy: { id: number; sender: string }[]; open: boolean }
    | { kind: "turn_ended"; turn: string | null; outcome: string; reason: string | null; seconds: number | null; ctx: number | null; cost: number | null; tools: number | null }
    | { kind: "text" | "thinking" | "stderr"; text: string }
    | { kind: "note"; text: string; level: string; raw: unknown }
    | { kind: "error"; text: string; code: string | null }
    | { kind: "tool"; tool: string; verb: string; object: string; input: Data; diff: FileDiff | null; result: ToolResult | null; cutOff: boolean }
    | { kind: "compaction"; phase: string; before: number | null; after: number | null; error: string | null }
    | { kind: "retry"; text: string }
    | { kind: "task"; phase: string; text: string }
    | { kind: "state"; word: string; reason: string | null }
    | { kind: "unknown"; name: string; raw: unknown }
  );
export type ToolRow = Extract<Row, { kind: "tool" }>;

const str = (value: unknown): string => (typeof value === "string" ? value : value == null ? "" : JSON.stringify(value));
const num = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const opt = (value: unknown): string | null => (value == null || value === "" ? null : str(value));

const OURS = "mcp__hyperhive__";
const MAIL = ["send", "recv", "ask", "answer"] as const;

/** The tool's own name: `mcp__hyperhive__send` is `send`. */
export const shortTool = (name: string): string => name.split("__").at(-1) ?? name;

/** Which of hyperhive's own mail tools this is; another server's `send` is none. */
export const mailTool = (name: string): (typeof MAIL)[number] | null =>
  (name.startsWith(OURS) && MAIL.find((tool) => name === OURS + tool)) || null;

/** Machinery that only somebody who looks closely wants to see. */
export const isDetail = (row: Row): boolean => row.kind === "note" && row.level === "debug";

/** A patch as lines: unified text, or Claude Code's hunks. */
function patchLines(patch: unknown): string[] {
  if (typeof patch === "string") {
    const all = patch.split("\n");
    const first = all.findIndex((line) => line.startsWith("@@"));
    return first > 0 && all[first - 1]?.startsWith("+++ ") ? all.slice(first) : all;
  }
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((hunk: Data) => {
    const lines = Array.isArray(hunk.lines) ? hunk.lines.map(str) : [];
    return [`@@ -${str(hunk.oldStart)},${str(hunk.oldLines)} +${str(hunk.newStart)},${str(hunk.newLines)} @@`, ...lines];
  });
}

function given(diff: unknown): FileDiff | null {
  if (typeof diff !== "object" || diff === null) return null;
  const { added, removed, patch } = diff as Data;
  const lines = patchLines(patch);
  const starts = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
  return { added: num(added) ?? starts("+"), removed: num(removed) ?? starts("-"), lines };
}

const lines = (text: unknown): string[] => (typeof text === "string" && text ? text.replace(/\n$/, "").split("\n") : []);

/** What a Write or Edit asks for, until its result tells what it did. */
export function askedDiff(tool: string, input: Data): FileDiff | null {
  const edits = tool === "Edit" ? [input] : tool === "MultiEdit" && Array.isArray(input.edits) ? (input.edits as Data[]) : null;
  if (tool === "Write") {
    const added = lines(input.content).map((line) => `+${line}`);
    return { added: added.length, removed: 0, lines: added };
  }
  if (!edits) return null;
  const removed = edits.flatMap((edit) => lines(edit.old_string));
  const added = edits.flatMap((edit) => lines(edit.new_string));
  return { added: added.length, removed: removed.length, lines: [...removed.map((l) => `-${l}`), ...added.map((l) => `+${l}`)] };
}

/** Builds rows one event at a time; `add` returns the rows that are new or changed. */
export class RowBuilder {
  readonly rows: Row[] = [];
  private readonly tools = new Map<string, number>();
  private openTurn: number | null = null;
  private lastState: string | null = null;

  private put(row: Row): number {
    this.rows.push(row);
    return this.rows.length - 1;
  }

  private change(index: number, row: Row): number {
    this.rows[index] = row;
    return index;
  }

  /** The end of a turn closes it, and every call in it that never got a result. */
  private closeTurn(): number[] {
    const touched: number[] = [];
    if (this.openTurn === null) return touched;
    const start = this.rows[this.openTurn];
    if (start?.kind === "turn_started") touched.push(this.change(this.openTurn, { ...start, open: false }));
    this.openTurn = null;
    for (const index of this.tools.values()) {
      const row = this.rows[index];
      if (row?.kind === "tool" && !row.result && !row.cutOff) touched.push(this.change(index, { ...row, cutOff: true }));
    }
    this.tools.clear();
    return touched;
  }

  private result(event: LiveEvent, data: Data, base: Base): number[] {
    const index = this.tools.get(str(data.id));
    const call = index === undefined ? undefined : this.rows[index];
    const text = str(data.text);
    const from = call ? Date.parse(call.at) : NaN;
    const result: ToolResult = {
      text, bytes: num(data.bytes) ?? text.length, failed: data.is_error === true,
      seconds: Number.isNaN(from) ? 0 : Math.max(0, (Date.parse(event.at) - from) / 1000), diff: given(data.diff),
    };
    if (index !== undefined && call?.kind === "tool") return [this.change(index, { ...call, result, diff: result.diff ?? call.diff })];
    return [this.put({ ...base, kind: "tool", tool: "", verb: "result", object: str(data.id), input: {}, diff: result.diff, result, cutOff: false })];
  }

  add(event: LiveEvent): number[] {
    const data: Data = event.data ?? {};
    const base: Base = { id: `${event.epoch}:${event.n}`, at: event.at, n: event.n, subagent: Boolean(data.subagent) };
    switch (event.kind) {
      case "turn_started": {
        const closed = this.closeTurn();
        const by = Array.isArray(data.woken_by) ? (data.woken_by as Data[]) : [];
        const wokenBy = by.map((mail) => ({ id: num(mail.id) ?? 0, sender: str(mail.sender) }));
        this.openTurn = this.put({ ...base, kind: "turn_started", turn: event.turn ?? null, wokenBy, open: true });
        return [...closed, this.openTurn];
      }
      case "turn_ended":
        return [
          ...this.closeTurn(),
          this.put({
            ...base, kind: "turn_ended", turn: event.turn ?? null, outcome: opt(data.outcome) ?? "ended", reason: opt(data.reason),
            seconds: num(data.seconds), ctx: num(data.ctx_tokens), cost: num(data.cost_usd), tools: num(data.tool_calls),
          }),
        ];
      case "text":
      case "thinking":
      case "stderr":
        return [this.put({ ...base, kind: event.kind, text: str(data.text) })];
      case "note":
        return [this.put({ ...base, kind: "note", text: str(data.text), level: opt(data.level) ?? "info", raw: data.raw ?? null })];
      case "error":
        return [this.put({ ...base, kind: "error", text: str(data.text), code: opt(data.code) })];
      case "tool_call": {
        const tool = str(data.name);
        const input = (typeof data.input === "object" && data.input !== null ? data.input : {}) as Data;
        const row = this.put({
          ...base, kind: "tool", tool, verb: opt(data.verb) ?? shortTool(tool), object: str(data.object), input,
          diff: askedDiff(tool, input), result: null, cutOff: false,
        });
        this.tools.set(str(data.id), row);
        return [row];
      }
      case "tool_result":
        return this.result(event, data, base);
      case "compaction":
        return [this.put({ ...base, kind: "compaction", phase: opt(data.phase) ?? "compaction", before: num(data.pre_tokens), after: num(data.post_tokens), error: opt(data.error) })];
      case "retry": {
        const wait = num(data.delay_seconds);
        const parts = [`attempt ${str(data.attempt)}`, opt(data.error), data.status ? `status ${str(data.status)}` : null, wait === null ? null : `again in ${Math.round(wait)} s`];
        return [this.put({ ...base, kind: "retry", text: parts.filter(Boolean).join(" · ") })];
      }
      case "task":
        return [this.put({ ...base, kind: "task", phase: str(data.phase), text: opt(data.description) ?? opt(data.summary) ?? str(data.id) })];
      case "state":
        return this.state(data, base);
      default:
        return [this.put({ ...base, kind: "unknown", name: event.kind, raw: event.kind === "unknown" && data.raw !== undefined ? data.raw : data })];
    }
  }

  /** Turns already show idle and thinking; a row is for every other change of state. */
  private state(data: Data, base: Base): number[] {
    const word = str(data.state);
    const changed = word !== this.lastState;
    this.lastState = word;
    if (!changed || ["idle", "thinking", "compacting"].includes(word)) return [];
    const gone = word === "starting" || word === "offline" ? this.closeTurn() : [];
    return [...gone, this.put({ ...base, kind: "state", word: word.replace("_", " "), reason: opt(data.reason) })];
  }
}

// One terminal row by its kind: a glyph, its content, its time.
import type { ComponentChildren } from "preact";
import { memo } from "../../memo";
import { isDetail, mailTool, type Row } from "../../state/rows";
import type { TerminalLog } from "../../state/terminal";
import { tokens } from "../../words";
import { At } from "../../ui/Time";
import { Markdown } from "../../ui/Markdown";
import { FoldRow } from "./FoldRow";
import { ToolRowView } from "./ToolRowView";
import { TurnEnd, TurnStart } from "./TurnRows";

const GLYPHS: Record<Row["kind"], string> = {
  turn_started: "▸", turn_ended: "▪", text: "●", thinking: "∴", note: "i", stderr: "!", error: "✕", tool: "›",
  compaction: "◎", retry: "↻", task: "⇉", state: "◇", unknown: "?",
};
const MAIL_GLYPHS = { send: "↗", recv: "↘", ask: "?", answer: "↘" } as const;

function glyph(row: Row): string {
  const mail = row.kind === "tool" ? mailTool(row.tool) : null;
  return mail ? MAIL_GLYPHS[mail] : isDetail(row) ? "·" : GLYPHS[row.kind];
}

function content(row: Row, log: TerminalLog): ComponentChildren {
  switch (row.kind) {
    case "turn_started":
      return <TurnStart row={row} />;
    case "turn_ended":
      return <TurnEnd row={row} />;
    case "text":
      return <Markdown text={row.text} />;
    case "thinking":
      return <FoldRow row={row} log={log} word="thinking" text={row.text} />;
    case "stderr":
      return <FoldRow row={row} log={log} word="stderr" text={row.text} />;
    case "unknown":
      return <FoldRow row={row} log={log} word={row.name} text={JSON.stringify(row.raw)} pretty={JSON.stringify(row.raw, null, 2)} />;
    case "note":
      return isDetail(row)
        ? <FoldRow row={row} log={log} word="" text={row.text} pretty={row.raw ? JSON.stringify(row.raw, null, 2) : row.text} />
        : <p class={`plain${row.level === "error" ? " bad" : ""}`}>{row.text}</p>;
    case "error":
      return <p class="plain bad" role="note">{row.text || "error"} {row.code && <code class="dim">{row.code}</code>}</p>;
    case "tool":
      return <ToolRowView row={row} log={log} />;
    case "compaction":
      return <p class="plain">compaction {row.phase}{row.before !== null && ` · ${tokens(row.before)}`}{row.after !== null && ` → ${tokens(row.after)} tokens`}{row.error && <span class="bad"> · {row.error}</span>}</p>;
    case "retry":
      return <p class="plain">model's API failed, trying again · {row.text}</p>;
    case "task":
      return <p class="plain">task {row.phase} · {row.text}</p>;
    case "state":
      return <p class="plain"><b>{row.word}</b>{row.reason && ` · ${row.reason}`}</p>;
  }
}

export const RowView = memo(function RowView({ row, log }: { row: Row; log: TerminalLog }) {
  const fresh = Date.parse(row.at) > log.liveFrom.peek();
  const failed = row.kind === "tool" && row.result?.failed;
  return (
    <div class={`trow k-${row.kind}${row.subagent ? " sub" : ""}${fresh ? " slide" : ""}${failed ? " failed" : ""}${isDetail(row) ? " detail" : ""}`} id={`e-${row.id}`} data-kind={row.kind} data-testid="row">
      <span class="glyph" aria-hidden="true">{failed ? "✕" : glyph(row)}</span>
      <div class="trow-body">{content(row, log)}</div>
      <span class="trow-at"><At at={row.at} /></span>
    </div>
  );
});

// A tool call with its result as one row: verb and object, size, duration; its input and output inside.
import { mailTool, type ToolRow } from "../../state/rows";
import type { TerminalLog } from "../../state/terminal";
import { bytes, seconds } from "../../words";
import { Since } from "../../ui/Time";
import { DiffView } from "./DiffView";
import { MailTool } from "./MailTool";
import { OutText } from "./OutText";
import { useOpened } from "./useOpened";

const SHORT_DIFF = 24;
const byLong = (row: ToolRow): boolean => row.diff !== null && row.diff.lines.length <= SHORT_DIFF;

function openAtFirst(row: ToolRow): boolean {
  return row.result?.failed === true || mailTool(row.tool) !== null || byLong(row);
}

/** What the head line doesn't already say of the input. */
function shownInput(row: ToolRow): string | null {
  if (row.diff) return null;
  const rest = Object.entries(row.input);
  if (rest.length === 0) return null;
  const [only] = rest;
  if (rest.length === 1 && typeof only?.[1] === "string" && only[1] === row.object) return null;
  if (row.tool === "Bash" && typeof row.input.command === "string") return row.input.command === row.object ? null : row.input.command;
  return JSON.stringify(row.input, null, 2);
}

export function ToolRowView({ row, log }: { row: ToolRow; log: TerminalLog }) {
  const [open, toggle] = useOpened(log, row.id, openAtFirst(row));
  const { result, diff } = row;
  const mail = mailTool(row.tool) !== null;
  const input = open && !mail ? shownInput(row) : null;
  return (
    <>
      <button type="button" class="fold tool" aria-expanded={open} onClick={toggle} data-testid="tool" data-tool={row.tool}>
        <b>{row.verb}</b> <span class="clip object">{row.object}</span>
        {diff && <span class="counts num">· <span class="minus">-{diff.removed}</span> <span class="plus">+{diff.added}</span></span>}
        {result ? (
          <span class="dim num">{!diff && !mail && ` · ${bytes(result.bytes)}`} · {seconds(result.seconds)}{result.failed && <b class="bad"> failed</b>}</span>
        ) : row.cutOff ? <span class="dim">· no result</span> : <span class="running">· running <Since at={row.at} /></span>}
      </button>
      {open && mail && <MailTool row={row} />}
      {open && input !== null && <pre class="out input" tabIndex={0} aria-label="Input">{input}</pre>}
      {open && diff && <DiffView diff={diff} />}
      {open && !mail && result && result.text && (!diff || result.failed) && <OutText text={result.text} failed={result.failed} id={row.id} log={log} />}
    </>
  );
}

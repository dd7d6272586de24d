// The end of an agent's terminal, live; the whole of it is on the agent's own page.
import { useEffect, useRef } from "preact/hooks";
import type { Tile } from "../gen/wire";
import { follow } from "../state/stream";
import { terminalOf } from "../state/terminals";
import { RowView } from "../agent/rows/RowView";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { NewPill } from "../ui/NewPill";
import { useSticky } from "../ui/useSticky";

const SHOWN = 25;

export function LivePart({ tile: { name } }: { tile: Tile }) {
  useEffect(() => {
    follow(name);
    return () => follow(null);
  }, [name]);
  const log = terminalOf(name);
  const rows = log.chunks.value.flatMap((chunk) => chunk.rows.value).slice(-SHOWN);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { stuck, unseen, toEnd } = useSticky(scroller, content, log.added.value);
  return (
    <div class="part" data-testid="live">
      {log.error.value && <ErrorNote error={log.error.value} what="History" onRetry={() => void log.fill()} />}
      {log.status.value === "loading" && rows.length === 0 && <Loading rows={1} height={120} />}
      {log.status.value === "ready" && rows.length === 0 && <p class="dim list-empty">Nothing has happened yet.</p>}
      <div class="lines-box" hidden={rows.length === 0}>
        <div class="live-tail" ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label={`The last events of ${name}`}>
          <div class="term-rows brief" ref={content}>{rows.map((row) => <RowView key={row.id} row={row} log={log} />)}</div>
        </div>
        {!stuck && <NewPill unseen={unseen} onClick={toEnd} />}
      </div>
      <a class="said-link" href={`/a/${name}`} target="_blank" rel="noopener">Its terminal and inbox, in a new tab</a>
    </div>
  );
}

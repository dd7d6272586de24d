// Lines that a program printed, following their end until the reader scrolls up.
import { useRef } from "preact/hooks";
import { memo } from "../memo";
import type { Block, Line, Lines } from "../state/lines";
import { clock } from "../words";
import { Exact } from "../ui/Exact";
import { NewPill } from "../ui/NewPill";
import { useSticky } from "../ui/useSticky";

function LineRow({ line, raw }: { line: Line; raw: boolean }) {
  if (raw && line.raw) return <div class="line"><span class="line-text"><Exact text={line.raw} /></span></div>;
  return (
    <div class={`line${line.left ? " left-out" : ""}${line.level ? ` level-${line.level}` : ""}`}>
      {line.at && <time class="line-at" dateTime={line.at}>{clock(line.at, Date.now())}</time>}
      {line.level && line.level !== "info" && <b class="line-level"><Exact text={line.level} /></b>}
      <span class="line-text"><Exact text={line.text} /></span>
    </div>
  );
}

const BlockView = memo(function BlockView({ block, raw }: { block: Block; raw: boolean }) {
  return <div class="line-block">{block.lines.map((line) => <LineRow key={line.n} line={line} raw={raw} />)}</div>;
});

interface Props { lines: Lines; label: string; testid: string; before?: string | null; empty: string; raw?: boolean }

export function LineView({ lines, label, testid, before = null, empty, raw = false }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const blocks = lines.blocks.value;
  const { stuck, unseen, toEnd } = useSticky(scroller, content, lines.added.value);
  return (
    <div class="lines-box">
      <div class="lines" ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label={label} data-testid={testid}>
        <div ref={content}>
          {before && <p class="dim left-out">{before}</p>}
          {blocks.length === 0 && <p class="dim left-out" data-testid="no-lines">{empty}</p>}
          {blocks.map((block) => <BlockView key={block.key} block={block} raw={raw} />)}
        </div>
      </div>
      {!stuck && <NewPill unseen={unseen} onClick={toEnd} />}
    </div>
  );
}

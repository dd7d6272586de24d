// A run of terminal rows, rendered only near what is in view; elsewhere its measured height stands in.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { memo } from "../memo";
import type { Chunk, TerminalLog } from "../state/terminal";
import { RowView } from "./rows/RowView";

const ROW_GUESS = 28;

interface Props { chunk: Chunk; log: TerminalLog; scroller: RefObject<HTMLElement | null>; near: boolean }

export const TerminalChunk = memo(function TerminalChunk({ chunk, log, scroller, near }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const [seen, setSeen] = useState(near);
  const rows = chunk.rows.value;

  useEffect(() => {
    const box = root.current;
    if (!box) return undefined;
    const watcher = new IntersectionObserver((entries) => {
      const inView = entries.at(-1)?.isIntersecting ?? true;
      const held = box.contains(document.activeElement) || (getSelection()?.containsNode(box, true) && !getSelection()?.isCollapsed);
      if (!inView && held) return;
      if (!inView) height.current = box.offsetHeight;
      setSeen(inView);
    }, { root: scroller.current, rootMargin: "1500px 0px" });
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);

  if (!seen) return <div ref={root} class="chunk" style={{ height: `${height.current || rows.length * ROW_GUESS}px` }} />;
  return <div ref={root} class="chunk" style={{ height: "auto" }}>{rows.map((row) => <RowView key={row.id} row={row} log={log} />)}</div>;
});

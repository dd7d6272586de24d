// A block of lines of a diff. In a huge file it is drawn only while it is near the window; its height is known before.
import { useEffect, useRef, useState } from "preact/hooks";
import { memo } from "../memo";
import type { DiffLine } from "../state/diff";
import { Exact } from "../ui/Exact";

export const BLOCK = 100;
const LINE = 20; // px; `.dl` has the same

const words: Partial<Record<DiffLine["kind"], string>> = { add: "added", del: "removed" };

function Line({ line }: { line: DiffLine }) {
  return (
    <div class={`dl d-${line.kind}`} data-kind={line.kind} data-old={line.old ?? ""} data-new={line.new ?? ""}>
      {words[line.kind] && <span class="sr">{words[line.kind]} </span>}
      <code><Exact text={line.text} /></code>
    </div>
  );
}

interface Props { lines: readonly DiffLine[]; size: number; eager: boolean }

export const DiffBlock = memo(function DiffBlock({ lines, size, eager }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(eager);
  useEffect(() => {
    if (eager || !root.current) return undefined;
    const watcher = new IntersectionObserver((entries) => setNear(entries.some((entry) => entry.isIntersecting)), { rootMargin: "1500px 0px" });
    watcher.observe(root.current);
    return () => watcher.disconnect();
  }, [eager]);
  const height = `${size * LINE}px`;
  return (
    <div ref={root} class="block" style={near ? { containIntrinsicSize: `auto ${height}` } : { height }}>
      {near && lines.map((line, i) => <Line key={i} line={line} />)}
    </div>
  );
});

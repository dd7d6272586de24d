// A change of a file, line by line; the sign and a hue both say which way.
import type { FileDiff } from "../../state/rows";

const SHOWN = 400;

function look(line: string): string {
  return line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : line.startsWith("@@") ? "hunk" : "";
}

export function DiffView({ diff }: { diff: FileDiff }) {
  const cut = diff.lines.length - SHOWN;
  return (
    <pre class="diff" tabIndex={0} aria-label="Changed lines" data-testid="diff">
      {diff.lines.slice(0, SHOWN).map((line, i) => <span key={i} class={look(line)}>{line || " "}</span>)}
      {cut > 0 && <span class="hunk">{cut} more lines</span>}
    </pre>
  );
}

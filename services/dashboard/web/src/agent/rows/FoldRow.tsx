// A text that is one dim line until it is opened: thinking, stderr, events that the page doesn't know.
import type { Row } from "../../state/rows";
import type { TerminalLog } from "../../state/terminal";
import { bytes } from "../../words";
import { useOpened } from "./useOpened";

export function FoldRow({ row, log, word, text, pretty }: { row: Row; log: TerminalLog; word: string; text: string; pretty?: string }) {
  const [open, toggle] = useOpened(log, row.id, false);
  const first = text.trim().split("\n", 1)[0] ?? "";
  return (
    <>
      <button type="button" class="fold" aria-expanded={open} onClick={toggle}>
        {word && <b>{word}</b>} {!open && <span class="clip">{first.slice(0, 240)}</span>}
        {text.length > 240 && <span class="dim">· {bytes(text.length)}</span>}
      </button>
      {open && <pre class="out" tabIndex={0} aria-label={word || "Detail"}>{pretty ?? text}</pre>}
    </>
  );
}

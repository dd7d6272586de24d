// What a tool printed, cut where it is long until the reader asks for all of it.
import type { TerminalLog } from "../../state/terminal";
import { bytes } from "../../words";
import { useOpened } from "./useOpened";

const SHOWN = 6000;

export function OutText({ text, failed, id, log }: { text: string; failed: boolean; id: string; log: TerminalLog }) {
  const [whole, toggle] = useOpened(log, `${id}/all`, false);
  const cut = !whole && text.length > SHOWN * 1.2;
  return (
    <>
      <pre tabIndex={0} aria-label="Output" class={`out${failed ? " bad-out" : ""}`}>{cut ? text.slice(0, SHOWN) : text}</pre>
      {cut && <button type="button" class="btn small" onClick={toggle}>Show all, {bytes(text.length)}</button>}
    </>
  );
}

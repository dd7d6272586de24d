// Asks once more before an action that interrupts somebody.
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "../ui/Dialog";

interface Props { title: string; word: string; warning: string; danger: boolean; onClose: () => void; onSure: () => void }

export function ActDialog({ title, word, warning, danger, onClose, onSure }: Props) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <Dialog title={title} onClose={onClose} testid="act-dialog">
      <p>{warning}</p>
      <div class="dialog-foot">
        <button type="button" class="btn big" onClick={onClose}>Back</button>
        <button type="button" class={`btn big ${danger ? "danger solid" : "primary"}`} ref={first} onClick={onSure} data-testid="act-confirm">{word}</button>
      </div>
    </Dialog>
  );
}

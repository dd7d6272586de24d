// Says what will be rebuilt before inputs are updated.
import { useEffect, useRef } from "preact/hooks";
import { count } from "../words";
import { Dialog } from "../ui/Dialog";

interface Props { names: readonly string[]; agents: readonly string[]; onClose: () => void; onSure: () => void }

export function UpdateInputsDialog({ names, agents, onClose, onSure }: Props) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <Dialog title={`Update ${count(names.length, "input")}`} onClose={onClose} testid="inputs-dialog">
      <p><b class="mono names">{names.join(", ")}</b> {names.length === 1 ? "is" : "are"} locked to the newest revision, in one commit. Then {count(agents.length, "agent")} {agents.length === 1 ? "is" : "are"} rebuilt, one after another:</p>
      <p class="mono names" data-testid="concerned">{agents.length > 0 ? agents.join(", ") : "none"}</p>
      <p class="dim">A running turn gets 30 s to end. One that fails keeps what it had and doesn't stop the others.</p>
      <div class="dialog-foot">
        <button type="button" class="btn big" onClick={onClose}>Back</button>
        <button type="button" class="btn primary big" ref={first} onClick={onSure} data-testid="inputs-confirm">Update and rebuild</button>
      </div>
    </Dialog>
  );
}

// Rebuilds every agent that runs with something older than what is installed; says which ones before.
import { useState } from "preact/hooks";
import { updateAll } from "../state/rollouts";
import { count } from "../words";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";

export function UpdateAll({ agents, blocked }: { agents: readonly string[]; blocked: string | null }) {
  const [open, setOpen] = useState(false);
  const why = agents.length === 0 ? "Every agent has what is installed and approved." : blocked;
  const go = async (): Promise<void> => {
    setOpen(false);
    await updateAll();
  };
  return (
    <>
      <button type="button" class={`btn${agents.length > 0 ? " primary" : ""}`} disabled={why !== null} data-tip={why ?? undefined} aria-description={why ?? undefined} onClick={() => setOpen(true)} data-testid="update-all">
        <Icon name="update" />Update all{agents.length > 0 && ` (${agents.length})`}
      </button>
      {open && (
        <Dialog title={`Update ${count(agents.length, "agent")}`} onClose={() => setOpen(false)} testid="update-all-dialog">
          <p>They are rebuilt one after another; a running turn gets 30 s to end. One that fails doesn't stop the others.</p>
          <p class="mono names">{agents.join(", ")}</p>
          <div class="dialog-foot">
            <button type="button" class="btn big" onClick={() => setOpen(false)}>Back</button>
            <button type="button" class="btn primary big" autofocus onClick={() => void go()} data-testid="update-all-confirm">Update all</button>
          </div>
        </Dialog>
      )}
    </>
  );
}

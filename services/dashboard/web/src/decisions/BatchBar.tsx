// Several approvals that were seen, decided together.
import { useState } from "preact/hooks";
import type { Decision } from "../gen/wire";
import { pendingApprovals, selected } from "../state/approvals";
import { DecideDialog } from "./DecideDialog";

export function BatchBar() {
  const [asking, setAsking] = useState<{ decision: Decision; ids: number[] } | null>(null);
  const ids = pendingApprovals.value.filter((approval) => selected.value.has(approval.id)).map((approval) => approval.id);
  return (
    <>
      {ids.length > 0 && (
        <div class="batch card" role="group" aria-label="Selected approvals" data-testid="batch">
          <span class="grow" role="status"><b class="num">{ids.length}</b> selected</span>
          <button type="button" class="btn quiet" onClick={() => (selected.value = new Set())}>Clear</button>
          <button type="button" class="btn danger big" onClick={() => setAsking({ decision: "deny", ids })} data-testid="batch-deny">Deny…</button>
          <button type="button" class="btn primary big" onClick={() => setAsking({ decision: "approve", ids })} data-testid="batch-approve">Approve…</button>
        </div>
      )}
      {asking && <DecideDialog decision={asking.decision} ids={asking.ids} onClose={() => setAsking(null)} />}
    </>
  );
}

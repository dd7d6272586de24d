// The decision, always in sight: what is still missing for it, the two buttons, and how far a decision is.
import type { Approval, Decision, DecisionResult } from "../gen/wire";
import { decided } from "../state/approvals";
import { connection } from "../state/stream";
import { count } from "../words";
import { At } from "../ui/Time";
import { ApprovalStatusMark } from "../decisions/ApprovalStatusMark";

interface Props {
  approval: Approval;
  decidable: boolean;
  loaded: number;
  total: number;
  left: number;
  refused: DecisionResult | null;
  onAsk: (decision: Decision) => void;
}

/** Who resolved it, when and how: what the second of two deciders reads. */
function Resolved({ approval }: { approval: Approval }) {
  return (
    <p class="bar-said" role="status" data-testid="resolved">
      <ApprovalStatusMark approval={approval} />
      {approval.decided_by && <span> decided by <b>{approval.decided_by === "operator" ? "you" : approval.decided_by}</b></span>}
      {approval.decided_at && <span class="dim"> <At at={approval.decided_at} short /></span>}
    </p>
  );
}

export function DecisionBar({ approval, decidable, loaded, total, left, refused, onAsk }: Props) {
  const mine = decided.value[approval.id];
  const offline = connection.value.state === "offline";
  const pending = approval.status === "pending";
  return (
    <footer class="decision-bar card" data-testid="decision-bar">
      {refused && <p class="note hue-red bar-note" role="alert" data-testid="refused" data-code={refused.code ?? ""}><span class="grow">{refused.message} <code class="dim">{refused.code}</code></span></p>}
      {pending ? (
        <>
          <p class="bar-said dim" role="status" data-testid="bar-said">
            {mine === "sending" ? "Sending…" : mine === "accepted" ? "Accepted: being recorded…" : offline ? "Offline: nothing can be decided."
              : !decidable ? `Loaded ${loaded} of ${count(total, "file")}; all of it is needed first.`
              : left > 0 ? `${count(left, "file")} not marked as viewed` : "All files viewed"}
          </p>
          <button type="button" class="btn danger big" disabled={!decidable || mine !== undefined || offline} onClick={() => onAsk("deny")} aria-keyshortcuts="d" data-testid="deny">Deny… <kbd aria-hidden="true">d</kbd></button>
          <button type="button" class="btn primary big" disabled={!decidable || mine !== undefined || offline} onClick={() => onAsk("approve")} aria-keyshortcuts="a" data-testid="approve">Approve… <kbd aria-hidden="true">a</kbd></button>
        </>
      ) : <Resolved approval={approval} />}
    </footer>
  );
}

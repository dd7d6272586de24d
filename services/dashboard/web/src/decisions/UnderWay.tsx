// Approvals that were approved and are being carried out.
import { underWay } from "../state/approvals";
import { ApprovalRow } from "./ApprovalRow";

export function UnderWay() {
  if (underWay.value.length === 0) return null;
  return (
    <section aria-labelledby="under-way" data-testid="under-way">
      <h2 class="kicker" id="under-way">Under way <span class="num dim">{underWay.value.length}</span></h2>
      <ol class="queue">{underWay.value.map((approval) => <li key={approval.id}><ApprovalRow approval={approval} /></li>)}</ol>
    </section>
  );
}

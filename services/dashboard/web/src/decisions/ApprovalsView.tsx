// Approvals alone: those that wait and those that are under way, or the history; beside them the way to ask for an agent.
import type { ApprovalsTab } from "../state/address";
import { pendingApprovals, resolvedCount } from "../state/approvals";
import { swarm } from "../state/swarm";
import { ApprovalHistory } from "./ApprovalHistory";
import { ApprovalRow } from "./ApprovalRow";
import { BatchBar } from "./BatchBar";
import { Beside } from "./Beside";
import { Nothing } from "./Nothing";
import { UnderWay } from "./UnderWay";

function Pending() {
  const list = pendingApprovals.value;
  return (
    <>
      <BatchBar />
      {list.length === 0 && swarm.value?.unreachable.length === 0 && <Nothing what="No approval waits" why="The manager asks for new agents and for changes of configurations; each waits here until you have read it." />}
      <ol class="queue" aria-label="Waiting approvals" data-testid="pending-list">{list.map((approval) => <li key={approval.id}><ApprovalRow approval={approval} /></li>)}</ol>
      <UnderWay />
    </>
  );
}

export function ApprovalsView({ tab }: { tab: ApprovalsTab }) {
  const tabOf = (id: ApprovalsTab, n: number) => (
    <a class="tab" href={`/decisions?view=approvals&tab=${id}`} aria-current={tab === id ? "true" : undefined} data-testid={`tab-${id}`}>{id} · <span class="num">{n}</span></a>
  );
  return (
    <div class="two">
      <div class="two-main">
        <nav class="tabs sub" aria-label="Which approvals">{tabOf("pending", pendingApprovals.value.length)}{tabOf("history", resolvedCount.value)}</nav>
        {tab === "pending" ? <Pending /> : <ApprovalHistory />}
      </div>
      <Beside />
    </div>
  );
}

// One approval in a list: what is asked, by whom, of which commit; leads to its diff. A waiting one can be ticked once seen.
import type { Approval } from "../gen/wire";
import { decided, decisionRefused, select, selected } from "../state/approvals";
import { reviewed } from "../state/reviewed";
import { Who } from "../messages/Who";
import { Exact } from "../ui/Exact";
import { ApprovalStatusMark } from "./ApprovalStatusMark";
import { kindWord, short } from "./status";

export function ApprovalRow({ approval }: { approval: Approval }) {
  const { id, agent, commit, description, notes, status } = approval;
  const seen = reviewed(id)?.complete === true;
  const pending = status === "pending";
  const mine = decided.value[id];
  const refused = decisionRefused.value[id];
  return (
    <article class={`approval card hue-${pending ? "peach" : "blue"}`} data-testid={`approval-${id}`} aria-label={`Approval ${id}: ${kindWord(approval)} ${agent}`}>
      {pending && (
        <label class="tick" data-tip={seen ? "Tick several to decide them together" : "Open it first: only what you have seen can be decided"}>
          <input type="checkbox" checked={selected.value.has(id)} disabled={!seen || mine !== undefined} onChange={(event) => select(id, event.currentTarget.checked)}
            aria-label={`Select approval ${id}${seen ? "" : ": open it first"}`} data-testid="select" />
        </label>
      )}
      <div class="approval-body">
        <div class="approval-head">
          <a class="approval-title" href={`/decisions?approval=${id}`} data-testid="open-approval">
            <b>{approval.kind === "spawn" ? "New agent " : "Change "}<span class="mono">{agent}</span></b>
          </a>
          <span class="tag">{kindWord(approval)}</span>
          <span class="dim num">#{id}</span>
          <span class="grow" />
          <ApprovalStatusMark approval={approval} />
        </div>
        <p class="approval-words">{description ? <Exact text={description} /> : <span class="dim">No description.</span>}</p>
        <div class="approval-facts">
          <span>asked by <Who name={approval.requested_by} /></span>
          <span class="mono dim">{short(commit)}</span>
          {notes.length > 0 && <span class="warns hue-yellow" data-testid="notes-count">{notes.length === 1 ? "1 warning" : `${notes.length} warnings`}</span>}
          {pending && seen && <span class="dim">seen</span>}
          {mine && <span role="status" data-testid="decision-state">{mine === "sending" ? "sending…" : "accepted"}</span>}
          {refused && <span class="bad" role="alert">{refused.message ?? refused.code}</span>}
          <span class="grow" />
          <a class={`btn${pending ? " primary" : ""}`} href={`/decisions?approval=${id}`} aria-hidden="true" tabIndex={-1}>{pending ? "Review" : "Look"}</a>
        </div>
      </div>
    </article>
  );
}

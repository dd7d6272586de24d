// What an approval asks for, beside its diff: who, which commit against which, the words as they were written, all warnings.
import type { Approval } from "../gen/wire";
import type { Shown } from "../state/review";
import { Who } from "../messages/Who";
import { ApprovalStatusMark } from "../decisions/ApprovalStatusMark";
import { kindWord, short } from "../decisions/status";
import { count } from "../words";
import { CopyButton } from "../ui/CopyButton";
import { Exact } from "../ui/Exact";
import { Icon } from "../ui/Icon";
import { At } from "../ui/Time";

export function ReviewHead({ approval, shown }: { approval: Approval; shown: Shown }) {
  const { id, kind, agent, commit, description, notes } = approval;
  return (
    <header class="review-head card">
      <div class="review-title">
        <a href="/decisions" class="btn quiet small back" aria-label="Back to decisions" data-testid="review-back"><Icon name="back" />Decisions</a>
        <h1>{kind === "spawn" ? "New agent " : "Change "}<span class="mono">{agent}</span></h1>
        <span class="tag">{kindWord(approval)}</span>
        <span class="dim num">#{id}</span>
        <span class="grow" />
        <ApprovalStatusMark approval={approval} />
      </div>
      <p class="review-words" data-testid="description" dir="ltr">{description ? <Exact text={description} /> : <span class="dim">No description.</span>}</p>
      <dl class="review-facts">
        <div><dt>asked by</dt><dd><Who name={approval.requested_by} /> <span class="dim"><At at={approval.requested_at} short /></span></dd></div>
        <div><dt>commit</dt><dd class="mono" data-tip={commit}>{short(commit)}<CopyButton text={commit} label="Copy the commit" /></dd></div>
        <div><dt>against</dt><dd class="mono" data-tip={shown.base ?? undefined}>{shown.base ? short(shown.base) : "nothing: all of it is new"}</dd></div>
        <div><dt>size</dt><dd class="num">{count(shown.files, "file")} <b class="plus">+{shown.additions}</b> <b class="minus">−{shown.deletions}</b></dd></div>
      </dl>
      {notes.length > 0 && (
        <ul class="review-notes" aria-label="Warnings" data-testid="notes">
          {notes.map((note, i) => <li key={i} class="hue-yellow"><Icon name="warn" /><span><Exact text={note} /></span></li>)}
        </ul>
      )}
      {approval.note && <p class="dead-reason" data-testid="note"><Exact text={approval.note} /></p>}
    </header>
  );
}

// Resolved approvals, the last one first, thirty at a time.
import { useEffect } from "preact/hooks";
import type { Approval } from "../gen/wire";
import { history, loadHistory } from "../state/approvals";
import { Exact } from "../ui/Exact";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { StateMark } from "../ui/StateMark";
import { At, Since } from "../ui/Time";
import { Nothing } from "./Nothing";
import { kindWord, looks, short } from "./status";

function Row({ approval }: { approval: Approval }) {
  const look = looks[approval.status];
  return (
    <li class={`past hue-${look.hue}`} data-testid={`past-${approval.id}`} data-status={approval.status}>
      <div class="past-head">
        <span class="state"><StateMark shape={look.shape} /><span class="word">{look.word}</span></span>
        <a class="dim num" href={`/decisions?approval=${approval.id}`}>#{approval.id}</a>
        <b class="mono clip">{approval.agent}</b>
        <span class="tag">{kindWord(approval)}</span>
        <span class="mono dim" data-tip={approval.commit}>{short(approval.commit)}</span>
        <span class="grow" />
        <span class="dim">{approval.decided_by && <>by {approval.decided_by === "operator" ? "you" : approval.decided_by} · </>}{approval.resolved_at && <><At at={approval.resolved_at} short /> · <Since at={approval.resolved_at} suffix=" ago" /></>}</span>
      </div>
      {approval.note && <p class="past-note" data-testid="past-note"><Exact text={approval.note} /></p>}
    </li>
  );
}

export function ApprovalHistory() {
  const { list, loaded, loading, error, more } = history.value;
  useEffect(() => { if (!history.peek().loaded) void loadHistory(); }, []);
  if (!loaded && !error) return <Loading rows={5} height={56} />;
  return (
    <>
      {error && <ErrorNote error={error} what="History" onRetry={() => void loadHistory(loaded)} />}
      {loaded && list.length === 0 && <Nothing what="Nothing was decided yet" why="What you approve or deny is kept here for ever." />}
      {list.length > 0 && <ol class="past-list card" aria-label="Resolved approvals" data-testid="history">{list.map((approval) => <Row key={approval.id} approval={approval} />)}</ol>}
      {more && <button type="button" class="btn centre-btn" disabled={loading} onClick={() => void loadHistory(true)} data-testid="history-older">{loading ? "Loading…" : "Older"}</button>}
    </>
  );
}

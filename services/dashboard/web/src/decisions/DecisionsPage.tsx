// Everything that waits for the operator, in one queue with five views; or one approval's diff.
import { useEffect } from "preact/hooks";
import type { Route } from "../state/address";
import { pendingApprovals } from "../state/approvals";
import { forOperator } from "../state/messages";
import { approvalsTab, decisionsView } from "../state/prefs";
import { openQuestions, putAway } from "../state/questions";
import { waiting } from "../state/queue";
import { remindersTotal } from "../state/reminders";
import { swarm } from "../state/swarm";
import { Heading } from "../ui/Heading";
import { Loading } from "../ui/Loading";
import { ReviewPage } from "../review/ReviewPage";
import { ApprovalsView } from "./ApprovalsView";
import { BrokenRows } from "./BrokenRows";
import { InboxView } from "./InboxView";
import { QuestionsView } from "./QuestionsView";
import { RemindersView } from "./RemindersView";
import { ViewTabs } from "./ViewTabs";
import { WaitingView } from "./WaitingView";

type At = Extract<Route, { page: "decisions" }>;

export function DecisionsPage({ at }: { at: At }) {
  useEffect(() => {
    if (at.view) decisionsView.value = at.view;
    if (at.tab) approvalsTab.value = at.tab;
  }, [at.view, at.tab]);
  useEffect(() => () => putAway(), []);
  if (at.approval !== null) return <ReviewPage key={at.approval} id={at.approval} />;
  const view = at.view ?? decisionsView.value;
  return (
    <div class={`page decisions view-${view}`} data-testid="decisions">
      <div class="page-head">
        <Heading plain="Decisions" leet="D3C1S10NS" />
        <span class="grow" />
        <ViewTabs here={view} counts={{
          waiting: waiting.value.length, approvals: pendingApprovals.value.length, questions: openQuestions.value.length,
          inbox: forOperator.value.length, reminders: remindersTotal.value,
        }} />
      </div>
      {swarm.value === null ? <Loading rows={3} height={120} /> : (
        <>
          <BrokenRows />
          {view === "waiting" ? <WaitingView />
            : view === "approvals" ? <ApprovalsView tab={at.tab ?? approvalsTab.value} />
            : view === "questions" ? <QuestionsView />
            : view === "inbox" ? <InboxView />
            : <RemindersView />}
        </>
      )}
    </div>
  );
}

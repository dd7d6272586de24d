// The queue: questions, approvals and mail in one list, what ends soonest first, then the oldest.
import { moreWaits } from "../state/messages";
import { queue, waiting } from "../state/queue";
import { swarm } from "../state/swarm";
import { MessageRow } from "../messages/MessageRow";
import { ApprovalRow } from "./ApprovalRow";
import { BatchBar } from "./BatchBar";
import { Beside } from "./Beside";
import { Nothing } from "./Nothing";
import { QuestionCard } from "./QuestionCard";
import { UnderWay } from "./UnderWay";

export function WaitingView() {
  const list = queue.value;
  const known = swarm.value?.unreachable.length === 0;
  return (
    <div class="two">
      <div class="two-main">
        <p class="sr" role="status">{waiting.value.length === 0 ? "Nothing waits for you" : `${waiting.value.length} waiting for you`}</p>
        <BatchBar />
        {list.length === 0 && known && <Nothing what="Nothing waits for you" why="Questions, approvals and mail to you appear here as soon as they come." />}
        <ol class="queue" aria-label="What waits for you" data-testid="queue">
          {list.map((item) => (
            <li key={item.key} data-testid={`queue-${item.kind}`}>
              {item.kind === "question" ? <QuestionCard question={item.question} />
                : item.kind === "approval" ? <ApprovalRow approval={item.approval} />
                : <ol class="msgs card mail-item hue-peach"><MessageRow message={item.message} where="rail" threaded={false} /></ol>}
            </li>
          ))}
        </ol>
        {moreWaits.value && <p class="note hue-peach"><span class="grow">Older mail to you waits too, more than is shown here.</span><a class="btn small" href="/decisions?view=inbox">Inbox</a></p>}
        <UnderWay />
      </div>
      <Beside />
    </div>
  );
}

// The swarm's mail: the flow with the compose box below it; beside it what is for the operator, dead letters, a thread.
import { useEffect } from "preact/hooks";
import { dead, forOperator, thread } from "../state/messages";
import type { MailView } from "../state/address";
import { go } from "../state/route";
import { Heading } from "../ui/Heading";
import { Compose } from "./Compose";
import { Flow } from "./Flow";
import { MailList } from "./MailList";
import { Thread } from "./Thread";

function Tab({ view, here, word, n = 0 }: { view: MailView; here: boolean; word: string; n?: number }) {
  return (
    <a class="tab" href={view === "flow" ? "/messages" : `/messages?view=${view}`} aria-current={here ? "true" : undefined} data-testid={`tab-${view}`}
      onClick={() => (thread.value = null)}>
      {word}{n > 0 && <span class="badge num">{n}</span>}
    </a>
  );
}

export function MessagesPage({ target, view }: { target: number | null; view: MailView }) {
  const shown = thread.value ? "thread" : view;
  useEffect(() => {
    if (target !== null && matchMedia("(max-width: 900px)").matches) thread.value = null;
  }, [target]);
  useEffect(() => () => { thread.value = null; }, []);
  return (
    <div class={`page mail view-${shown}`} data-testid="messages">
      <div class="page-head">
        <Heading plain="Messages" leet="M3SS4G3S" />
        <span class="grow" />
        <div class="tabs narrow" role="group" aria-label="Which messages">
          <Tab view="flow" here={shown === "flow"} word="Flow" />
          <Tab view="you" here={shown === "you"} word="For you" n={forOperator.value.length} />
          <Tab view="dead" here={shown === "dead"} word="Dead" n={dead.value.length} />
          {thread.value && <button type="button" class="tab" aria-current="true" onClick={() => { thread.value = null; go("/messages"); }}>Thread</button>}
        </div>
      </div>
      <div class="mail-main">
        <Flow target={target} />
        <Compose />
      </div>
      <aside class="rail" aria-label="Beside the flow">
        <Thread />
        <div class="rail-you"><MailList id="you" title="For you" messages={forOperator.value} empty="Nothing waits for you." hue="hue-peach" /></div>
        <div class="rail-dead"><MailList id="dead" title="Dead letters" messages={dead.value} empty="None: every message was handled or still has a chance." hue="hue-red" /></div>
      </aside>
    </div>
  );
}

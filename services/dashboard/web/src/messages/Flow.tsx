// The live flow of the swarm's mail: sticks to its end, loads older pages upwards, leads to one message.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { arrived, flow, loadingOlder, loadOlder, more, newestKnown, olderError, reach } from "../state/messages";
import { swarm } from "../state/swarm";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { NewPill } from "../ui/NewPill";
import { useOlder } from "../ui/useOlder";
import { useSticky } from "../ui/useSticky";
import { MessageRow } from "./MessageRow";

function FlowEmpty() {
  return (
    <div class="empty" data-testid="flow-empty">
      <h3>No messages yet</h3>
      <p>Everything that agents and you say to each other runs through here. Write the first one below.</p>
    </div>
  );
}

export function Flow({ target }: { target: number | null }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const [lost, setLost] = useState<number | null>(null);
  const list = flow.value;
  const { stuck, unseen, toEnd } = useSticky(scroller, content, arrived.value);
  useOlder({ scroller, top, first: list[0]?.id, load: () => void loadOlder(), ready: more.value && !olderError.value });
  const answered = useMemo(() => new Set(list.map((message) => message.in_reply_to)), [list]);
  const loaded = swarm.value !== null;

  useEffect(() => () => { newestKnown.value = flow.peek().at(-1)?.id ?? 0; }, []);
  useEffect(() => {
    if (target === null || !loaded) return;
    void reach(target).then((there) => {
      setLost(there ? null : target);
      const row = document.getElementById(`m-${target}`);
      if (!row) return;
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
      row.classList.remove("found");
      requestAnimationFrame(() => row.classList.add("found"));
    });
  }, [target, loaded]);

  return (
    <div class="flow card">
      <div class="flow-scroll" ref={scroller} tabIndex={0} role="log" aria-label="Messages, newest last" aria-live="off" data-testid="flow">
        <div ref={content}>
          <div ref={top} />
          {olderError.value && <ErrorNote error={olderError.value} what="Older messages" onRetry={() => { olderError.value = null; void loadOlder(); }} />}
          {loadingOlder.value && <p class="dim centre" role="status">Loading older messages…</p>}
          {lost !== null && <p class="note hue-peach">Message #{lost} can't be found.</p>}
          {!loaded ? <Loading rows={6} height={72} /> : list.length === 0 ? <FlowEmpty /> : (
            <ol class="msgs">
              {list.map((message) => <MessageRow key={message.id} message={message} where="flow" threaded={message.in_reply_to != null || answered.has(message.id)} />)}
            </ol>
          )}
        </div>
      </div>
      {!stuck && <NewPill unseen={unseen} onClick={toEnd} />}
    </div>
  );
}

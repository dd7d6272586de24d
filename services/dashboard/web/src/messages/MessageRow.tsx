// One message: who to whom, when, its words, what became of it, and what the operator can do with it.
import { useEffect, useRef } from "preact/hooks";
import type { Message } from "../gen/wire";
import { memo } from "../memo";
import { edit } from "../state/drafts";
import { mail, mailErrors, newestKnown, openThread, OPERATOR } from "../state/messages";
import { go, route } from "../state/route";
import { unseen, watchShown } from "../state/shown";
import { At } from "../ui/Time";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { flowDraft } from "./Compose";
import { FileRefs } from "./FileRefs";
import { LongText } from "./LongText";
import { ReceiptChip } from "./Receipt";
import { hueOf, Who } from "./Who";

interface Props { message: Message; threaded: boolean; where: "flow" | "rail" }

export const MessageRow = memo(function MessageRow({ message, threaded, where }: Props) {
  const root = useRef<HTMLLIElement>(null);
  const toWatch = unseen(message);
  useEffect(() => (toWatch && root.current ? watchShown(root.current, message.id) : undefined), [toWatch, message.id]);
  const fresh = where === "flow" && message.id > newestKnown.peek();
  const mine = message.recipient === OPERATOR;
  const other = mine ? message.sender : message.recipient;
  const waits = message.state === "pending" || message.state === "in_flight";
  const error = mailErrors.value[message.id];

  const reply = (): void => {
    const to = message.sender === OPERATOR ? message.recipient : message.sender;
    edit(flowDraft(), { to, inReplyTo: message.id });
    const at = route.value;
    const composeIsHere = (at.page === "messages" && at.view === "flow") || (at.page === "decisions" && document.querySelector(".inbox") !== null);
    if (!composeIsHere) go("/messages");
  };

  return (
    <li ref={root} id={where === "flow" ? `m-${message.id}` : undefined} tabIndex={-1} data-testid="message" data-id={message.id} data-state={message.state}
      class={`msg ${hueOf(message.sender)}${mine && waits ? " for-me" : ""}${fresh ? " slide" : ""}${message.kind === "system" ? " system" : ""}`}>
      <header class="msg-head">
        <Who name={message.sender} />
        <span class="dim" aria-label="to">→</span>
        <Who name={message.recipient} />
        {message.kind === "system" && <span class="tag">system</span>}
        <span class="grow" />
        {where === "flow" && <ReceiptChip message={message} />}
        <a class="dim num msg-id" href={`/messages?m=${message.id}`} aria-label={`Message ${message.id}`}>#{message.id}</a>
        <span class="dim"><At at={message.stored_at} short={where === "rail"} /></span>
      </header>
      {message.in_reply_to != null && (
        <button type="button" class="reply-chip" data-testid="jump" onClick={() => go(`/messages?m=${message.in_reply_to}`)}><Icon name="reply" size={12} />answers #{message.in_reply_to}</button>
      )}
      <LongText id={`m${message.id}`} text={message.body} />
      <FileRefs message={message.id} files={message.file_refs ?? []} />
      {message.state === "dead" && message.dead_reason && <p class="dead-reason">{message.dead_reason}</p>}
      {error && <ErrorNote error={error} />}
      <footer class="msg-acts">
        {mine && waits && <button type="button" class="btn small" onClick={() => void mail(message.id, "handled")} data-testid="handled"><Icon name="check" size={12} />Handled</button>}
        {message.state === "dead" && (
          <>
            <button type="button" class="btn small" onClick={() => void mail(message.id, "retry")} data-testid="dead-retry"><Icon name="restart" size={12} />Retry</button>
            <button type="button" class="btn small" onClick={() => void mail(message.id, "dismiss")} data-testid="dead-dismiss"><Icon name="close" size={12} />Dismiss</button>
          </>
        )}
        {other !== "system" && <button type="button" class="btn small quiet" onClick={reply} data-testid="reply"><Icon name="reply" size={12} />Reply</button>}
        {threaded && <button type="button" class="btn small quiet" onClick={() => void openThread(message.id)} data-testid="see-thread"><Icon name="thread" size={12} />Thread</button>}
        {where === "rail" && <><span class="grow" /><ReceiptChip message={message} /></>}
      </footer>
    </li>
  );
});

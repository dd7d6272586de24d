// Mail to the operator: what is not handled first, then the rest, newest first; a thread and the way to reply beside it.
import { useEffect } from "preact/hooks";
import { forOperator, inboxOf, loadOlderMail, olderMail, OPERATOR, thread } from "../state/messages";
import { Compose } from "../messages/Compose";
import { MailList } from "../messages/MailList";
import { MessageRow } from "../messages/MessageRow";
import { Thread } from "../messages/Thread";
import { ErrorNote } from "../ui/ErrorNote";

export function InboxView() {
  useEffect(() => {
    if (inboxOf(OPERATOR).length < 20) void loadOlderMail();
    return () => { thread.value = null; };
  }, []);
  const { more, loading, error } = olderMail.value;
  const waits = forOperator.value;
  const ids = new Set(waits.map((message) => message.id));
  const handled = inboxOf(OPERATOR).filter((message) => !ids.has(message.id)).reverse();
  return (
    <div class="two inbox">
      <div class="two-main">
        <MailList id="inbox" title="To you" messages={waits} empty="Nothing waits for you." hue="hue-peach" />
        <section class="mail-list card hue-quiet" aria-labelledby="list-handled" data-testid="list-handled">
          <h2 class="kicker" id="list-handled">Handled</h2>
          {handled.length === 0 && !loading && <p class="dim list-empty">None yet.</p>}
          <ol class="msgs">{handled.map((message) => <MessageRow key={message.id} message={message} where="rail" threaded={message.in_reply_to != null} />)}</ol>
        </section>
        {error && <ErrorNote error={error} what="Older mail" onRetry={() => void loadOlderMail()} />}
        {more && !error && <button type="button" class="btn centre-btn" disabled={loading} onClick={() => void loadOlderMail()} data-testid="inbox-older">{loading ? "Loading…" : "Older"}</button>}
      </div>
      <div class="two-side">
        <Thread />
        <Compose />
      </div>
    </div>
  );
}

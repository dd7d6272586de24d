// One thread, oldest first, growing as replies come.
import { openThreadNow, thread } from "../state/messages";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { Loading } from "../ui/Loading";
import { MessageRow } from "./MessageRow";

export function Thread() {
  const open = openThreadNow.value;
  if (!open) return null;
  return (
    <section class="mail-list card hue-mauve" aria-labelledby="thread-title" data-testid="thread">
      <h2 class="kicker" id="thread-title">
        Thread of #{open.of} <span class="num dim">{open.messages.length || ""}</span>
        <span class="grow" />
        <button type="button" class="btn small quiet" aria-label="Close the thread" onClick={() => (thread.value = null)} data-testid="thread-close"><Icon name="close" size={12} /></button>
      </h2>
      {open.error && <ErrorNote error={open.error} />}
      {open.loading && open.messages.length === 0 ? <Loading rows={2} height={72} /> : (
        <ol class="msgs">{open.messages.map((message) => <MessageRow key={message.id} message={message} where="rail" threaded={false} />)}</ol>
      )}
    </section>
  );
}

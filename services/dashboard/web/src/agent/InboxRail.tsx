// The agent's recent mail with what became of each message.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api";
import { inboxes, inboxOf, loadInbox } from "../state/messages";
import { ErrorNote } from "../ui/ErrorNote";
import { Heading } from "../ui/Heading";
import { Loading } from "../ui/Loading";
import { MessageRow } from "../messages/MessageRow";

export function InboxRail({ name }: { name: string }) {
  const [error, setError] = useState<ApiError | null>(null);
  const load = (): void => {
    setError(null);
    loadInbox(name).catch((problem: unknown) => {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    });
  };
  useEffect(load, [name]);
  const messages = inboxOf(name).slice(-50).reverse();
  const loading = !(name in inboxes.value) && !error;
  return (
    <section class="mail-list card hue-quiet" aria-label="Inbox" data-testid="agent-inbox">
        <div class="kicker"><Heading plain="Inbox" leet="1NB0X" level={2} /></div>
        {error && <ErrorNote error={error} onRetry={load} />}
        {messages.length > 0 ? <ol class="msgs">{messages.map((message) => <MessageRow key={message.id} message={message} where="rail" threaded={false} />)}</ol>
          : loading ? <Loading rows={3} height={64} />
          : <p class="dim list-empty">No mail yet. What you write below its terminal arrives here.</p>}
    </section>
  );
}

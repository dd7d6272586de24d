// The swarm's last few messages in a line each, and the compose box, so that one can act from the fleet.
import { Compose } from "../messages/Compose";
import { ReceiptChip } from "../messages/Receipt";
import { Who } from "../messages/Who";
import { flow } from "../state/messages";
import { Heading } from "../ui/Heading";
import { Since } from "../ui/Time";

const SHOWN = 6;

/** A message's first line of words, its marks left out. */
export const gist = (body: string): string => (body.trim().split("\n", 1)[0] ?? "").replace(/[*`#>_]/g, "").slice(0, 200);

export function LatestMail() {
  const last = flow.value.slice(-SHOWN).reverse();
  return (
    <section class="latest" aria-label="Latest messages" data-testid="latest-mail">
      <div class="page-head">
        <Heading plain="Latest messages" leet="M3SS4G3S" level={2} />
        <span class="grow" />
        <a class="btn small quiet" href="/messages">All messages</a>
      </div>
      {last.length > 0 && (
        <ol class="latest-list card">
          {last.map((message) => (
            <li key={message.id}>
              <span class="latest-who"><Who name={message.sender} /> <span class="dim" aria-label="to">→</span> <Who name={message.recipient} /></span>
              <a class="clip grow latest-gist" href={`/messages?m=${message.id}`}>{gist(message.body)}</a>
              <ReceiptChip message={message} />
              <span class="dim num latest-age"><Since at={message.stored_at} /></span>
            </li>
          ))}
        </ol>
      )}
      <Compose />
    </section>
  );
}

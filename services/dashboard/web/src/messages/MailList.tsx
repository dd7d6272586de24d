// A short list of messages in the rail: those to the operator, or dead ones.
import type { Message } from "../gen/wire";
import { MessageRow } from "./MessageRow";

interface Props { id: string; title: string; messages: readonly Message[]; empty: string; hue: string }

export function MailList({ id, title, messages, empty, hue }: Props) {
  return (
    <section class={`mail-list card ${hue}`} aria-labelledby={`list-${id}`} data-testid={`list-${id}`}>
      <h2 class="kicker" id={`list-${id}`}>{title} <span class="num dim">{messages.length}</span></h2>
      {messages.length === 0 ? <p class="dim list-empty">{empty}</p> : (
        <ol class="msgs">{messages.map((message) => <MessageRow key={message.id} message={message} where="rail" threaded={message.in_reply_to != null} />)}</ol>
      )}
    </section>
  );
}

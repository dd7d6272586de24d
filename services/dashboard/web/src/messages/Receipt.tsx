// What became of a message, in a shape and a word; its times in a tooltip.
import type { Message } from "../gen/wire";
import type { Hue } from "../state/mood";
import { OPERATOR } from "../state/messages";
import { absolute } from "../words";

const looks: Record<Message["state"], { word: string; mine: string; hue: Hue; fill: string }> = {
  pending: { word: "stored", mine: "new", hue: "quiet", fill: "" },
  in_flight: { word: "delivered", mine: "shown", hue: "blue", fill: "M8 3a5 5 0 0 1 0 10z" },
  acked: { word: "acked", mine: "handled", hue: "green", fill: "M8 3a5 5 0 0 1 0 10A5 5 0 0 1 8 3z" },
  dead: { word: "dead", mine: "dead", hue: "red", fill: "" },
  dismissed: { word: "dismissed", mine: "dismissed", hue: "quiet", fill: "" },
};

export function receiptText(message: Message): string {
  const lines = [`Stored ${absolute(message.stored_at)}`];
  const mine = message.recipient === OPERATOR;
  if (message.delivered_at) lines.push(`${mine ? "Shown" : "Delivered"} ${absolute(message.delivered_at)}${message.turn ? ` in turn ${message.turn.slice(0, 8)}` : ""}`);
  else lines.push(mine ? "Not yet shown" : "Not yet delivered");
  if (message.acked_at) lines.push(`${mine ? "Handled" : "Acked"} ${absolute(message.acked_at)}`);
  if (message.redelivered) lines.push(`Put back ${message.redelivered}×`);
  if (message.dead_reason) lines.push(`Dead: ${message.dead_reason}`);
  return lines.join("\n");
}

export function ReceiptChip({ message }: { message: Message }) {
  const look = looks[message.state];
  const word = message.recipient === OPERATOR ? look.mine : look.word;
  const text = receiptText(message);
  const crossed = message.state === "dead" || message.state === "dismissed";
  return (
    <span class={`receipt hue-${look.hue}`} data-testid="receipt" data-state={message.state} data-tip={text} tabIndex={0} aria-description={text}>
      <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
        {crossed ? <path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="2" stroke-linecap="round" /> : <circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2" />}
        {look.fill && <path d={look.fill} fill="currentColor" />}
      </svg>
      {word}
      {message.redelivered ? <span class="dim"> ×{message.redelivered + 1}</span> : null}
    </span>
  );
}

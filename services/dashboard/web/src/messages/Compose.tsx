// Writing to an agent: the recipient stays outside the text, `@name` turns it, the draft survives everything.
import { useEffect, useRef } from "preact/hooks";
import { agentNamed, names } from "../state/agents";
import { edit, send, writing } from "../state/drafts";
import { agentMood } from "../state/mood";
import { connection } from "../state/stream";
import { swarm } from "../state/swarm";
import { bytes } from "../words";
import { Entry } from "../ui/Entry";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { completeNames, meant, redirect } from "./mentions";

export const flowDraft = () => writing("flow", "manager");

export function Compose() {
  const place = flowDraft();
  const { to, body, inReplyTo } = place.draft.value;
  const field = useRef<HTMLTextAreaElement>(null);
  const known = names.value;
  const offline = connection.value.state === "offline";
  const limit = swarm.value?.body_limit ?? Infinity;
  const size = body.length * 3 > limit ? new TextEncoder().encode(body).length : 0;

  useEffect(() => {
    if (inReplyTo !== null) field.current?.focus();
  }, [inReplyTo]);

  const change = (text: string): void => {
    const turned = redirect(text, known);
    edit(place, turned ? { to: turned.to, body: turned.body } : { body: text });
  };
  const submit = async (): Promise<void> => {
    if (offline) return;
    const named = meant(place.draft.value.body);
    const text = place.draft.value.body;
    if (named?.body) edit(place, named);
    const answer = await send(place);
    if (!answer && named?.body && !known.includes(named.to)) edit(place, { to, body: text }); // the words stay as they were typed
  };
  const readdress = (): void => {
    const box = field.current;
    if (!box) return;
    box.focus();
    box.setRangeText("@", 0, 0, "end");
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const hint = (name: string): string => {
    const tile = agentNamed(name);
    return tile ? agentMood(tile).word : "";
  };

  return (
    <form class="compose card" aria-label="Write a message" data-testid="compose" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      {place.error.value && <ErrorNote error={place.error.value} what="Not sent" onClose={() => (place.error.value = null)}>{knownNames(place.error.value.details)}</ErrorNote>}
      {inReplyTo !== null && (
        <div class="row reply-to">
          <span class="chip"><Icon name="reply" />Answers #{inReplyTo}</span>
          <button type="button" class="btn small quiet" aria-label="Don't answer a message" onClick={() => edit(place, { inReplyTo: null })}><Icon name="close" size={12} /></button>
        </div>
      )}
      <div class="compose-line">
        <button type="button" class="to mono" onClick={readdress} aria-label={`To ${to}; change`} data-testid="compose-to" data-tip="Type @ to write to somebody else">@{to}&gt;</button>
        <Entry value={body} label={`Message to ${to}`} placeholder="Message, or @name" field={field} testid="compose-body"
          onChange={change} onSubmit={() => void submit()} complete={(before) => completeNames(before, known, hint)} />
        <button type="submit" class="btn primary send" disabled={!body.trim() || place.sending.value || offline || size > limit} aria-label="Send" data-testid="compose-send"><Icon name="send" size={16} /></button>
      </div>
      <p class="compose-foot dim" role="status">
        {size > limit ? `Too long: ${bytes(size)} of ${bytes(limit)}. Put it into a file and name it.`
          : offline ? "Offline: your words are kept here as a draft."
          : place.sending.value ? "Sending…"
          : <span class="keys"><kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> makes a new line</span>}
      </p>
    </form>
  );
}

function knownNames(details: Record<string, unknown>) {
  const known = Array.isArray(details.known) ? (details.known as string[]) : [];
  return known.length > 0 ? <> There are: {known.map((name) => `@${name}`).join(", ")}</> : null;
}

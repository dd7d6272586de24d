// The line below the terminal: plain words are mail to this agent, slash commands steer it.
import { useRef, useState } from "preact/hooks";
import { api } from "../api";
import type { Tile } from "../gen/wire";
import { act, ask } from "../state/agents";
import { edit, send, writing } from "../state/drafts";
import { connection } from "../state/stream";
import { Entry } from "../ui/Entry";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { COMMANDS, completeCommands, read } from "./commands";

type Said = { what: "text"; text: string; bad?: boolean } | { what: "help" } | null;

export function PromptLine({ tile: { name } }: { tile: Tile }) {
  const place = writing(`agent:${name}`, name);
  const { body } = place.draft.value;
  const field = useRef<HTMLTextAreaElement>(null);
  const [said, setSaid] = useState<Said>(null);
  const offline = connection.value.state === "offline";
  const clear = (): void => edit(place, { body: "" });

  const submit = async (): Promise<void> => {
    if (offline || !body.trim()) return;
    const line = read(body);
    if (line.is === "mail") {
      const answer = await send(place);
      return setSaid(answer ? { what: "text", text: `Stored as #${answer.id}` } : null);
    }
    if (line.is === "wrong") return setSaid({ what: "text", text: line.why, bad: true });
    if (line.is === "help") {
      clear();
      return setSaid({ what: "help" });
    }
    const done = line.is === "model" ? await ask(name, "model", () => api.model(name, line.model))
      : await act(name, line.is === "new" ? "new_session" : line.is);
    if (done) clear();
    return setSaid(done ? { what: "text", text: line.is === "model" ? `${line.model} from the next turn on` : `/${line.is}: accepted` } : null);
  };

  return (
    <form class="prompt" aria-label={`Write to ${name}`} data-testid="prompt" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      {place.error.value && <ErrorNote error={place.error.value} what="Not sent" onClose={() => (place.error.value = null)} />}
      {said && (
        <div class={`said${said.what === "text" && said.bad ? " bad" : ""}`} role="status" data-testid="prompt-said">
          {said.what === "text" ? <span class="grow">{said.text}</span> : (
            <dl class="help grow">{COMMANDS.map(({ usage, does }) => <div key={usage}><dt class="mono">{usage}</dt><dd>{does}</dd></div>)}<div><dt>plain words</dt><dd>go to {name} as mail from you</dd></div></dl>
          )}
          <button type="button" class="btn small quiet" aria-label="Put away" onClick={() => setSaid(null)}><Icon name="close" size={12} /></button>
        </div>
      )}
      <div class="prompt-line">
        <span class="prompt-sign mono" aria-hidden="true">@{name}&gt;</span>
        <Entry value={body} label={`Message or command to ${name}`} placeholder={offline ? "Offline: kept as a draft" : "Write to it, or / for commands"} field={field} testid="prompt-body"
          onChange={(text) => edit(place, { body: text })} onSubmit={() => void submit()} complete={completeCommands} />
        <button type="submit" class="btn primary send" disabled={!body.trim() || place.sending.value || offline} aria-label="Send" data-testid="prompt-send"><Icon name="send" size={16} /></button>
      </div>
    </form>
  );
}

// What the operator can do with an agent's turn and session.
import type { Tile } from "../gen/wire";
import { act, asked, forgive, refused } from "../state/agents";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";

export function Controls({ tile: { name, view, status, signal } }: { tile: Tile }) {
  const busy = asked.value[name] ?? null;
  const up = view.container === "running" && !view.transient;
  const heard = up && signal === "live";
  const turning = heard && status?.turn != null;
  const refusal = refused.value[name];
  return (
    <div class="controls" role="group" aria-label="Controls">
      <button type="button" class="btn small" disabled={!turning || status?.state === "cancelling"} onClick={() => void act(name, "cancel")} data-tip="Interrupt the running turn; its mail stays until you choose" data-testid="cancel"><Icon name="cancel" />Cancel turn</button>
      <button type="button" class="btn small" disabled={!heard || busy !== null} onClick={() => void act(name, "compact")} data-tip="Make the conversation shorter, once the turn has ended" data-testid="compact"><Icon name="compact" />Compact</button>
      <button type="button" class="btn small" disabled={!heard || busy !== null} onClick={() => void act(name, "new_session")} data-tip="Begin the next turn without the old conversation" data-testid="new-session"><Icon name="fresh" />New session</button>
      {up || view.transient
        ? <button type="button" class="btn small" disabled={!up || busy !== null} onClick={() => void act(name, "restart")} data-testid="restart"><Icon name="restart" />Restart</button>
        : <button type="button" class="btn small primary" disabled={busy !== null} onClick={() => void act(name, "start")} data-testid="start"><Icon name="play" />Start</button>}
      {busy && <span class="dim" role="status">{busy}: sent…</span>}
      {refusal && <ErrorNote error={refusal.error} what={refusal.action} onClose={() => forgive(name)} />}
    </div>
  );
}

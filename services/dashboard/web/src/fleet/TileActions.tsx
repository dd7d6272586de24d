// What the operator can do to an agent's container, each action with the confirmation it deserves.
import { useState } from "preact/hooks";
import type { Tile } from "../gen/wire";
import { rowAddress } from "../state/address";
import { act, asked } from "../state/agents";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { DestroyDialog } from "./DestroyDialog";

export function TileActions({ tile: { name, view } }: { tile: Tile }) {
  const [sure, setSure] = useState(false);
  const [destroying, setDestroying] = useState(false);
  const busy = asked.value[name] ?? view.transient ?? null;
  const up = view.container === "running";

  return (
    <div class="tile-actions">
      {up ? (
        <>
          <button type="button" class="btn small" disabled={busy !== null} onClick={() => void act(name, "stop")} aria-label={`Stop ${name}`} data-testid="stop"><Icon name="stop" size={12} />Stop</button>
          <button type="button" class="btn small" disabled={busy !== null} onClick={() => void act(name, "restart")} aria-label={`Restart ${name}`} data-testid="restart"><Icon name="restart" size={12} />Restart</button>
        </>
      ) : (
        <button type="button" class="btn small" disabled={busy !== null} onClick={() => void act(name, "start")} aria-label={`Start ${name}`} data-testid="start"><Icon name="play" size={12} />Start</button>
      )}
      {asked.value[name] && <span class="dim" role="status">{asked.value[name]}: sent…</span>}
      <span class="grow" />
      <Menu label={`More actions for ${name}`} onClose={() => setSure(false)}>{(close) => (
        <>
          <a class="btn quiet" href={rowAddress(name)} data-testid="to-infra"><Icon name="gear" />Logs and builds</a>
          <button type="button" class="btn quiet danger" disabled={!up || busy !== null} data-testid="kill"
            onClick={() => { if (!sure) return setSure(true); close(); void act(name, "kill"); }}>
            <Icon name="kill" />{sure ? "Really kill it" : "Kill"}
          </button>
          <button type="button" class="btn quiet danger" disabled={view.role === "manager"} data-tip={view.role === "manager" ? "The manager can't be destroyed" : undefined} data-testid="destroy"
            onClick={() => { close(); setDestroying(true); }}>
            <Icon name="trash" />Destroy…
          </button>
        </>
      )}</Menu>
      {destroying && <DestroyDialog name={name} onClose={() => setDestroying(false)} />}
    </div>
  );
}

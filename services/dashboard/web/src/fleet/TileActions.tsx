// What the operator can do to an agent's container, each action with the confirmation it deserves.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Tile } from "../gen/wire";
import { act, asked } from "../state/agents";
import { Icon } from "../ui/Icon";
import { DestroyDialog } from "./DestroyDialog";

export function TileActions({ tile: { name, view } }: { tile: Tile }) {
  const [menu, setMenu] = useState(false);
  const [sure, setSure] = useState(false);
  const [destroying, setDestroying] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const busy = asked.value[name] ?? view.transient ?? null;
  const up = view.container === "running";

  useEffect(() => {
    if (!menu) return undefined;
    const away = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key !== "Escape" : root.current?.contains(event.target as Node)) return;
      setMenu(false);
      setSure(false);
      if (event instanceof KeyboardEvent) root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", away);
    };
  }, [menu]);

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
      <div class="menu" ref={root}>
        <button type="button" class="btn small quiet" aria-label={`More actions for ${name}`} aria-expanded={menu} onClick={() => setMenu(!menu)} data-testid="more"><Icon name="more" /></button>
        {menu && (
          <div class="popover card menu-list" role="group" aria-label={`More actions for ${name}`}>
            <button type="button" class="btn quiet danger" disabled={!up && !view.transient} data-testid="kill"
              onClick={() => { if (!sure) return setSure(true); setMenu(false); setSure(false); void act(name, "kill"); }}>
              <Icon name="kill" />{sure ? "Really kill it" : "Kill"}
            </button>
            <button type="button" class="btn quiet danger" disabled={view.role === "manager"} data-tip={view.role === "manager" ? "The manager can't be destroyed" : undefined} data-testid="destroy"
              onClick={() => { setMenu(false); setDestroying(true); }}>
              <Icon name="trash" />Destroy…
            </button>
          </div>
        )}
      </div>
      {destroying && <DestroyDialog name={name} onClose={() => setDestroying(false)} />}
    </div>
  );
}

// What can be done to one agent's container; what can't be done now says why, also to a finger or a keyboard.
import { useState } from "preact/hooks";
import type { Tile } from "../gen/wire";
import { act as look, type Act, type ActId } from "../state/acts";
import { act as send, asked } from "../state/agents";
import { DestroyDialog } from "../fleet/DestroyDialog";
import { Icon, type IconName } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { ActDialog } from "./ActDialog";

const words: Record<ActId, string> = {
  start: "Start", stop: "Stop", restart: "Restart", rebuild: "Rebuild", update: "Update", kill: "Kill", destroy: "Destroy", purge: "Purge",
};
const icons: Record<ActId, IconName> = {
  start: "play", stop: "stop", restart: "restart", rebuild: "build", update: "update", kill: "kill", destroy: "trash", purge: "trash",
};
const asks = (act: Act): boolean => act.warning !== null || act.id === "destroy" || act.id === "purge";

export function RowActions({ tile, away }: { tile: Tile; away: boolean }) {
  const { name, view } = tile;
  const [confirming, setConfirming] = useState<Act | null>(null);
  const [tried, setTried] = useState<ActId | null>(null);
  const around = { asked: asked.value[name] ?? null, away };
  const main: ActId[] = view.container === "running" ? ["stop", "restart"] : view.container === "crashed" && view.wanted ? ["start", "stop"] : ["start"];
  const menu: ActId[] = [...(view.needs_update ? [] : ["update" as const]), "kill", "destroy", "purge"];
  const shown: ActId[] = [...main, "rebuild", ...(view.needs_update ? ["update" as const] : [])];
  const said = tried && look(tried, tile, around).blocked;

  const press = (id: ActId): void => {
    const act = look(id, tile, around);
    setTried(act.blocked ? id : null);
    if (act.blocked) return;
    if (asks(act)) setConfirming(act);
    else void send(name, id as Exclude<ActId, "destroy" | "purge">);
  };
  const button = (id: ActId, quiet: boolean, before: () => void = () => undefined) => {
    const act = look(id, tile, around);
    const danger = id === "kill" || id === "destroy" || id === "purge";
    return (
      <button key={id} type="button" class={`btn ${quiet ? "quiet" : "small"}${danger ? " danger" : ""}`} aria-disabled={act.blocked !== null} aria-description={act.blocked ?? undefined}
        data-tip={act.blocked ?? undefined} aria-label={`${words[id]} ${name}`} data-testid={id} onClick={() => { if (!act.blocked) before(); press(id); }}>
        <Icon name={icons[id]} size={quiet ? 14 : 12} />{words[id]}{asks(act) && !act.blocked ? "…" : ""}
      </button>
    );
  };

  return (
    <div class="irow-acts" role="group" aria-label={`Actions on ${name}`}>
      {shown.map((id) => button(id, false))}
      <Menu label={`More actions for ${name}`}>{(close) => menu.map((id) => button(id, true, close))}</Menu>
      {around.asked && <span class="dim said-now" role="status">{around.asked}: sent…</span>}
      {said && !around.asked && <span class="said-now" role="status" data-testid="blocked">{said}</span>}
      {(confirming?.id === "destroy" || confirming?.id === "purge") && <DestroyDialog name={name} purges={confirming.id === "purge"} onClose={() => setConfirming(null)} />}
      {confirming?.warning && <ActDialog title={`${words[confirming.id]} ${name}`} word={words[confirming.id]} warning={confirming.warning} danger={confirming.id === "kill"}
        onClose={() => setConfirming(null)} onSure={() => { setConfirming(null); void send(name, confirming.id as Exclude<ActId, "destroy" | "purge">); }} />}
    </div>
  );
}

// One agent's container: who it is, its two states, what is deployed of it, what can be done; and what it opens to.
import { useEffect, useRef } from "preact/hooks";
import { memo } from "../memo";
import { rowAddress, type RowPart } from "../state/address";
import { agentNamed, forgive, refused } from "../state/agents";
import { agentMood, containerMood, needsLogin } from "../state/mood";
import { go } from "../state/route";
import { count, seconds } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { Meter } from "../ui/Meter";
import { StateBadge } from "../ui/StateBadge";
import { RowActions } from "./RowActions";
import { RowParts } from "./RowParts";

interface Props { name: string; part: RowPart | null; action: number | null; away: boolean }

export const AgentRow = memo(function AgentRow({ name, part, action, away }: Props) {
  const root = useRef<HTMLLIElement>(null);
  const open = part !== null;
  useEffect(() => { if (open) root.current?.scrollIntoView({ block: "nearest" }); }, [open, part, action]);
  const tile = agentNamed(name);
  if (!tile) return null;
  const { view, status } = tile;
  const container = containerMood(tile);
  const loop = agentMood(tile);
  const refusal = refused.value[name];
  const noLogin = needsLogin(tile) || view.logged_in === false;
  return (
    <li class={`irow card hue-${container.hue}`} ref={root} data-testid={`row-${name}`} aria-label={`${name}: container ${container.word}, agent ${loop.word}`}>
      <div class="irow-head">
        <button type="button" class="btn quiet icon fold-btn" aria-expanded={open} aria-label={`Logs, configuration and builds of ${name}`} onClick={() => go(open ? "/infra" : rowAddress(name), "replace")} data-testid="open-row"><Icon name="fold" /></button>
        <div class="irow-name">
          <a href={`/a/${name}`} target="_blank" rel="noopener" class="tile-name mono clip" aria-label={`${name}, its page in a new tab`} data-testid={`open-${name}`}>{name}</a>
          <span class="tag">{view.role}</span>
        </div>
        <div class="irow-states">
          <StateBadge mood={container} what="container" chip />
          <StateBadge mood={loop} what="agent" chip />
        </div>
        <RowActions tile={tile} away={away} />
      </div>
      <div class="irow-facts">
        <span data-tip="The deployed configuration's commit"><span class="dim">deployed</span> <b class="mono" data-testid="revision">{view.revision ?? "—"}</b></span>
        <span data-tip="The agent's own port: health and metrics"><span class="dim">port</span> <b class="mono num">{view.port}</b></span>
        <span data-tip="Open reminders that it set"><span class="dim">reminders</span> <b class="num" data-testid="reminders">{tile.reminders ?? 0}</b></span>
        <span data-tip="How full the context window is"><span class="dim">ctx</span> <Meter used={status?.ctx_tokens} limit={status?.ctx_limit} /></span>
        <span data-tip="How long the last turn took"><span class="dim">last turn</span> <b class="num">{status?.last_turn_seconds == null ? "—" : seconds(status.last_turn_seconds)}</b></span>
        {noLogin && <span class="tag flag hue-peach" data-tip="It has no login and no API key" data-testid="needs-login">needs login</span>}
        {view.needs_update && <span class="tag flag hue-yellow" data-tip="It runs with something older than what is installed" data-testid="needs-update">needs update</span>}
        {view.approval != null && <a class="tag flag hue-blue" href={`/decisions?approval=${view.approval}`} data-testid="deploying">approval #{view.approval}</a>}
        {(view.restarts ?? 0) > 0 && <span class="tag flag hue-red" data-tip="Started again after a crash, since it was last healthy">{count(view.restarts ?? 0, "restart")}</span>}
      </div>
      {view.error && !refusal && <p class="tile-error" role="note" data-testid="row-error">{view.error} <a class="said-link" href={rowAddress(name, "builds")}>What it printed</a></p>}
      {refusal && <ErrorNote error={refusal.error} what={refusal.action} onClose={() => forgive(name)} />}
      {open && <RowParts tile={tile} part={part} action={action} />}
    </li>
  );
});

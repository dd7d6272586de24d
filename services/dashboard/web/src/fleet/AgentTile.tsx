// One agent at a glance: container and loop as two chips, what it does now, its context, cost and mail.
import { memo } from "../memo";
import { agentNamed, forgive, refused } from "../state/agents";
import { agentMood, containerMood, needsLogin } from "../state/mood";
import { count, money, seconds } from "../words";
import { Command } from "../ui/Command";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { Meter } from "../ui/Meter";
import { StateBadge } from "../ui/StateBadge";
import { TileActions } from "./TileActions";

function Activity({ text, idle }: { text: string | null | undefined; idle: string }) {
  if (!text) return <p class="activity dim clip">{idle}</p>;
  const [verb, ...object] = text.split(" ");
  return <p class="activity mono clip" title={text} data-testid="activity"><b>{verb}</b> {object.join(" ")}</p>;
}

export const AgentTile = memo(function AgentTile({ name }: { name: string }) {
  const tile = agentNamed(name);
  if (!tile) return null;
  const { view, status } = tile;
  const container = containerMood(tile);
  const loop = agentMood(tile);
  const refusal = refused.value[name];
  const loud = container.word === "crashed" ? container : loop;
  return (
    <li class={`tile card hue-${loud.hue}${tile.signal === "no_signal" ? " hatched" : ""}`} data-testid={`tile-${name}`} aria-label={`${name}: container ${container.word}, agent ${loop.word}`}>
      <div class="tile-head">
        <a href={`/a/${name}`} class="tile-name mono clip" data-testid={`open-${name}`}>{name}</a>
        {view.role === "manager" && <span class="tag">manager</span>}
        <span class="grow" />
        <span class="dim mono port" data-tip="The agent's own port: health and metrics">:{view.port}</span>
      </div>
      <div class="tile-states">
        <StateBadge mood={loop} what="agent" />
        <StateBadge mood={container} what="container" />
      </div>
      <Activity text={loop.moving ? status?.activity : null} idle={loop.why ?? (status?.activity ? `last: ${status.activity}` : loop.word === "idle" ? "waiting for mail" : "—")} />
      <dl class="tile-facts">
        <div data-tip="How full the context window is"><dt>ctx</dt><dd><Meter used={status?.ctx_tokens} limit={status?.ctx_limit} /></dd></div>
        <div data-tip="Cost of this session, at list prices"><dt>cost</dt><dd class="num">{status?.cost_usd == null ? "—" : money(status.cost_usd)}</dd></div>
        <div data-tip="Messages in line, and those being worked on"><dt>mail</dt><dd class="num" data-testid="mail-count">{tile.pending ?? 0}{tile.in_flight ? ` +${tile.in_flight}` : ""}{tile.dead ? <> · <b class="bad">{tile.dead} dead</b></> : null}{tile.reminders ? <span class="dim" data-tip={count(tile.reminders, "open reminder")} data-testid="reminder-count"> · <Icon name="bell" size={12} />{tile.reminders}</span> : null}</dd></div>
        <div data-tip="How long the last turn took"><dt>last turn</dt><dd class="num">{status?.last_turn_seconds == null ? "—" : seconds(status.last_turn_seconds)}</dd></div>
      </dl>
      {needsLogin(tile) && (
        <div class="tile-hint" data-testid="login-hint">
          <span>It has no key. On the host:</span>
          <Command text="hive secret set anthropic-api-key" />
        </div>
      )}
      {view.error && !refusal && <p class="tile-error" role="note">{view.error}</p>}
      {refusal && <ErrorNote error={refusal.error} what={refusal.action} onClose={() => forgive(name)} />}
      <TileActions tile={tile} />
    </li>
  );
});

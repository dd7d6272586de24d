// Who this agent is and how it is: states, model, context, cost, last turn; and its controls.
import type { Tile } from "../gen/wire";
import { agentMood, containerMood } from "../state/mood";
import { money, seconds, tokens } from "../words";
import { Icon } from "../ui/Icon";
import { Meter } from "../ui/Meter";
import { StateBadge } from "../ui/StateBadge";
import { Controls } from "./Controls";

function Fact({ word, tip, id, children }: { word: string; tip: string; id: string; children: preact.ComponentChildren }) {
  return <span class="chip" data-tip={tip} aria-description={tip} tabIndex={0} data-testid={`chip-${id}`}><span class="dim">{word}</span><b class="num">{children}</b></span>;
}

export function AgentHeader({ tile }: { tile: Tile }) {
  const { view, status } = tile;
  const ctx = status?.ctx_tokens != null ? `${tokens(status.ctx_tokens)}${status.ctx_limit ? ` of ${tokens(status.ctx_limit)}` : ""} tokens: the last inference's prompt, what fills the context window` : "Nothing is in its context window yet";
  return (
    <header class={`agent-head${status?.state === "thinking" && tile.signal === "live" ? " shimmer" : ""}`}>
      <div class="agent-title">
        <a href="/" class="btn quiet small back" aria-label="Back to the fleet" data-testid="back"><Icon name="back" />Fleet</a>
        <h1 class="mono clip" data-testid="agent-name">{tile.name}</h1>
        <span class="tag" data-tip={view.role === "manager" ? "It may ask for new agents and for changes of any agent's configuration" : "An agent of this swarm"}>{view.role}</span>
        <span class="grow" />
        <Controls tile={tile} />
      </div>
      <div class="agent-facts">
        <StateBadge mood={agentMood(tile)} what="agent" chip />
        <StateBadge mood={containerMood(tile)} what="container" chip />
        <Fact id="model" word="model" tip="The model of its next turn; change it with /model">{status?.model ?? "default"}</Fact>
        <Fact id="ctx" word="ctx" tip={ctx}><Meter used={status?.ctx_tokens} limit={status?.ctx_limit} /></Fact>
        <Fact id="cost" word="cost" tip="Sum over this session, at list prices">{status?.cost_usd == null ? "—" : money(status.cost_usd)}</Fact>
        <Fact id="last-turn" word="last turn" tip={`${status?.turns ?? 0} turns ended so far`}>{status?.last_turn_seconds == null ? "—" : seconds(status.last_turn_seconds)}</Fact>
      </div>
      {status?.activity && <p class="agent-activity mono clip" data-testid="activity" title={status.activity}>{!agentMood(tile).moving && <span class="dim">last: </span>}{status.activity}</p>}
    </header>
  );
}

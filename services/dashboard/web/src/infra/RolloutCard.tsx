// Agents that are rebuilt one after another: how far each one is, and what became of the whole.
import type { Rollout, RolloutAgent, RolloutState } from "../gen/wire";
import { rowAddress } from "../state/address";
import type { Hue, Shape } from "../state/mood";
import { putAwayRollout, tally } from "../state/rollouts";
import { count } from "../words";
import { Who } from "../messages/Who";
import { Since } from "../ui/Time";
import { StateMark } from "../ui/StateMark";

const looks: Record<RolloutState, { shape: Shape; hue: Hue; word: string }> = {
  waiting: { shape: "hollow", hue: "quiet", word: "waits" },
  running: { shape: "arc", hue: "blue", word: "being rebuilt" },
  done: { shape: "square", hue: "green", word: "rebuilt" },
  failed: { shape: "cross", hue: "red", word: "failed" },
  skipped: { shape: "bars", hue: "yellow", word: "passed over" },
};

function title({ cause, inputs = [] }: Rollout): string {
  if (cause === "inputs") return `Update of ${inputs.join(", ")}`;
  return cause === "automatic" ? "Automatic update" : "Update of all that need it";
}

function AgentLine({ agent }: { agent: RolloutAgent }) {
  const look = looks[agent.state];
  return (
    <li class={`hue-${look.hue}`} data-testid={`rollout-agent-${agent.name}`} data-state={agent.state}>
      <StateMark shape={look.shape} moving={agent.state === "running"} />
      <Who name={agent.name} />
      <span>{look.word}</span>
      {agent.action != null && <a class="said-link" href={rowAddress(agent.name, "builds", agent.action)} aria-label={`What the rebuild of ${agent.name} printed`}>output</a>}
      {agent.error && <span class="rollout-why">{agent.error}</span>}
    </li>
  );
}

export function RolloutCard({ rollout }: { rollout: Rollout }) {
  const { agents, ended_at, error, id } = rollout;
  const over = tally(rollout, "done") + tally(rollout, "failed") + tally(rollout, "skipped");
  const bad = error !== null && error !== undefined || tally(rollout, "failed") > 0;
  const hue = bad ? "red" : ended_at ? "green" : "blue";
  const rest = (["failed", "skipped"] as const).flatMap((state) => { const n = tally(rollout, state); return n > 0 ? [`${n} ${looks[state].word}`] : []; });
  return (
    <section class={`rollout card hue-${hue}`} aria-label={title(rollout)} data-testid={`rollout-${id}`} data-ended={ended_at != null}>
      <div class="rollout-head">
        <StateMark shape={bad ? "cross" : ended_at ? "square" : "arc"} moving={!ended_at} />
        <h2>{title(rollout)}</h2>
        <span class="dim">by <Who name={rollout.requested_by} /> · <Since at={rollout.begun_at} suffix=" ago" />{rollout.commit && <> · lock <span class="mono">{rollout.commit.slice(0, 12)}</span></>}</span>
        <span class="grow" />
        <span class="num" role="status" data-testid="rollout-progress">{ended_at ? "ended: " : ""}{over} of {count(agents.length, "agent")}{rest.length > 0 && ` · ${rest.join(" · ")}`}</span>
        {ended_at && <button type="button" class="btn small quiet" onClick={() => putAwayRollout(id)} data-testid="rollout-away">Put away</button>}
      </div>
      {!ended_at && <span class="rollout-bar" aria-hidden="true"><span style={{ width: `${agents.length ? (over / agents.length) * 100 : 0}%` }} /></span>}
      {error && <p class="tile-error" role="note">{error}</p>}
      {agents.length > 0 ? <ul class="rollout-agents">{agents.map((agent) => <AgentLine key={agent.name} agent={agent} />)}</ul>
        : ended_at && !error && <p class="dim">Nothing had to be rebuilt.</p>}
    </section>
  );
}

// The swarm in a few figures.
import { all } from "../state/agents";
import { agentMood } from "../state/mood";
import { money } from "../words";

function Figure({ value, word, tip, id }: { value: string | number; word: string; tip: string; id: string }) {
  return (
    <div class="figure" data-tip={tip} data-testid={`figure-${id}`}>
      <dt>{word}</dt>
      <dd class="num">{value}</dd>
    </div>
  );
}

export function FleetFigures() {
  const agents = all.value;
  const words = agents.map((tile) => agentMood(tile).word);
  const working = words.filter((word) => word === "thinking" || word === "compacting").length;
  const sum = (of: (tile: (typeof agents)[number]) => number | null | undefined): number => agents.reduce((total, tile) => total + (of(tile) ?? 0), 0);
  const waiting = sum((tile) => (tile.pending ?? 0) + (tile.in_flight ?? 0));
  return (
    <dl class="figures card" aria-label="The swarm in figures">
      <Figure id="agents" word="agents" value={agents.length} tip="Agents of this swarm, running or not" />
      <Figure id="working" word="working" value={working} tip="Agents in a turn just now" />
      <Figure id="mail" word="mail in line" value={waiting} tip="Messages that wait or are being worked on" />
      <Figure id="turns" word="turns" value={sum((tile) => tile.status?.turns)} tip="Turns that ended, all agents together" />
      <Figure id="cost" word="cost" value={money(sum((tile) => tile.status?.cost_usd))} tip="Sum over the agents' sessions, at list prices" />
    </dl>
  );
}

// The fleet: what waits for the operator, the swarm in figures, and a tile per agent that never moves.
import { useState } from "preact/hooks";
import { names } from "../state/agents";
import { swarm } from "../state/swarm";
import { Heading } from "../ui/Heading";
import { Icon } from "../ui/Icon";
import { Loading } from "../ui/Loading";
import { AgentTile } from "./AgentTile";
import { Attention } from "./Attention";
import { FleetEmpty } from "./FleetEmpty";
import { FleetFigures } from "./FleetFigures";
import { LatestMail } from "./LatestMail";
import { SpawnForm } from "./SpawnForm";

export function FleetPage() {
  const [spawning, setSpawning] = useState(false);
  const loaded = swarm.value !== null;
  return (
    <div class="page fleet" data-testid="fleet">
      <div class="page-head">
        <Heading plain="Fleet" leet="SW4RM" />
        <span class="grow" />
        <button type="button" class="btn primary" aria-expanded={spawning} onClick={() => setSpawning(!spawning)} disabled={!loaded} data-testid="spawn-open">
          <Icon name="plus" /> Spawn agent
        </button>
      </div>
      {spawning && <SpawnForm onClose={() => setSpawning(false)} />}
      {!loaded ? <Loading rows={4} height={160} /> : (
        <>
          <Attention />
          <FleetFigures />
          {names.value.length === 0 ? <FleetEmpty /> : (
            <ul class="tiles" aria-label="Agents">
              {names.value.map((name) => <AgentTile key={name} name={name} />)}
            </ul>
          )}
          {names.value.length > 0 && <LatestMail />}
        </>
      )}
    </div>
  );
}

// A row per agent; what the runtime can't do, said once; and the update of all that need one.
import { all, names } from "../state/agents";
import type { Route } from "../state/address";
import { asking, openRollout, rolloutError } from "../state/rollouts";
import { swarm } from "../state/swarm";
import { ErrorNote } from "../ui/ErrorNote";
import { FleetEmpty } from "../fleet/FleetEmpty";
import { AgentRow } from "./AgentRow";
import { UpdateAll } from "./UpdateAll";

type At = Extract<Route, { page: "infra" }>;

export function ContainersView({ at, away }: { at: At; away: boolean }) {
  const capabilities = swarm.value?.capabilities;
  const old = all.value.filter((tile) => tile.view.needs_update).map((tile) => tile.name);
  if (names.value.length === 0) return <FleetEmpty />;
  return (
    <>
      <div class="infra-bar">
        {capabilities && (
          <div class="runtime-note" role="note" data-testid="runtime-note">
            <b>Runtime: {capabilities.runtime}.</b>
            {capabilities.notes.map((note) => <span key={note}> {note}</span>)}
          </div>
        )}
        <UpdateAll agents={old} blocked={away ? "Lifecycle doesn't answer." : openRollout.value ? "Agents are being rebuilt already." : asking.value ? "It was sent; its answer is on the way." : null} />
      </div>
      {rolloutError.value && <ErrorNote error={rolloutError.value} what="Update" onClose={() => (rolloutError.value = null)} />}
      <ul class="irows" aria-label="Containers">
        {names.value.map((name) => <AgentRow key={name} name={name} part={at.agent === name ? at.part : null} action={at.action} away={away} />)}
      </ul>
    </>
  );
}

// Beside approvals: asking for an agent, and the agents to be.
import { DraftList } from "./DraftList";
import { SpawnRequest } from "./SpawnRequest";

export function Beside() {
  return (
    <aside class="two-side" aria-label="New agents">
      <SpawnRequest />
      <DraftList />
    </aside>
  );
}

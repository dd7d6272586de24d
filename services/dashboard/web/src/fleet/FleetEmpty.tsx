// A swarm without agents: what to do next.
import { Command } from "../ui/Command";

export function FleetEmpty() {
  return (
    <div class="empty card" data-testid="fleet-empty">
      <h2>No agents yet</h2>
      <p>An agent is a Claude Code that stays: it has its own folder, inbox and page. Spawn the first one with the button above, or on the host:</p>
      <Command text="hive spawn scout" />
      <p>It works as soon as it has a key:</p>
      <Command text="hive secret set anthropic-api-key" />
    </div>
  );
}

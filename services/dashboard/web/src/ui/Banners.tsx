// What the operator must not overlook while it is so: no sandbox, services that don't answer, port conflicts.
import { swarm } from "../state/swarm";
import { Icon } from "./Icon";

export function Banners() {
  const facts = swarm.value;
  if (!facts || (facts.capabilities.sandboxed && facts.unreachable.length + facts.conflicts.length === 0)) return null;
  return (
    <section aria-label="Warnings">
      {!facts.capabilities.sandboxed && (
        <p class="banner hazard" role="note" data-testid="unsafe-banner">
          <Icon name="warn" size={16} />
          <span><b>No sandbox.</b> Agents run as plain processes: they can read your files and act as you.</span>
        </p>
      )}
      {facts.unreachable.length > 0 && (
        <p class="banner hue-red" role="status" data-testid="unreachable-banner">
          <Icon name="warn" size={16} />
          <span><b>{facts.unreachable.join(", ")}</b> {facts.unreachable.length === 1 ? "doesn't" : "don't"} answer. What depends on it may be old.</span>
        </p>
      )}
      {facts.conflicts.map(({ port, agents }) => (
        <p class="banner hue-peach" role="note" key={port} data-testid="conflict-banner">
          <Icon name="warn" size={16} />
          <span><b>Port {port}</b> belongs to more than one name: {agents.join(", ")}. Only one of them can run; rename the other.</span>
        </p>
      ))}
    </section>
  );
}

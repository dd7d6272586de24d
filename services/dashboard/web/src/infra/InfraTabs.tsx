// The parts of the infrastructure page, with how much is in each.
import type { InfraView } from "../state/address";

const words: Record<InfraView, string> = { containers: "Containers", inputs: "Inputs", kept: "Kept state" };

export function InfraTabs({ here, counts }: { here: InfraView; counts: Record<InfraView, number> }) {
  return (
    <nav class="tabs views" aria-label="Which part">
      {(Object.keys(words) as InfraView[]).map((view) => (
        <a key={view} class="tab" href={view === "containers" ? "/infra" : `/infra?view=${view}`} aria-current={here === view ? "true" : undefined} data-testid={`view-${view}`}>
          {words[view]}
          {counts[view] > 0 && <span class="dim num">{counts[view]}</span>}
        </a>
      ))}
    </nav>
  );
}

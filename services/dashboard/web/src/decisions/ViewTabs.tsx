// The views of the decisions with how much is in each; the last one is remembered.
import type { DecisionsView } from "../state/address";

const words: Record<DecisionsView, string> = { waiting: "Waiting", approvals: "Approvals", questions: "Questions", inbox: "Inbox", reminders: "Reminders" };

export function ViewTabs({ here, counts }: { here: DecisionsView; counts: Record<DecisionsView, number> }) {
  return (
    <nav class="tabs views" aria-label="Which decisions">
      {(Object.keys(words) as DecisionsView[]).map((view) => (
        <a key={view} class="tab" href={`/decisions?view=${view}`} aria-current={here === view ? "true" : undefined} data-testid={`view-${view}`}>
          {words[view]}
          {counts[view] > 0 && <span class={view === "reminders" ? "dim num" : "badge num"}>{counts[view]}</span>}
        </a>
      ))}
    </nav>
  );
}

// After a cancelled turn: what shall become of its mail.
import { act, asked } from "../state/agents";
import { count } from "../words";
import { StateMark } from "../ui/StateMark";

export function CancelledCard({ name, inFlight }: { name: string; inFlight: number }) {
  const busy = asked.value[name] !== undefined;
  return (
    <section class="need-card card hue-peach" aria-labelledby="cancelled-title" data-testid="cancelled-card">
      <h2 id="cancelled-title"><StateMark shape="bang" /> Turn cancelled</h2>
      <p>{inFlight > 0 ? `${count(inFlight, "message")} of it ${inFlight === 1 ? "stays" : "stay"} undecided` : "Its messages stay undecided"} until you choose; the next start would hand them out again.</p>
      <div class="row">
        <button type="button" class="btn primary" disabled={busy} onClick={() => void act(name, "retry")} data-testid="retry-turn">Retry: hand them out again</button>
        <button type="button" class="btn" disabled={busy} onClick={() => void act(name, "dismiss")} data-testid="dismiss-turn">Dismiss: count them as done</button>
      </div>
    </section>
  );
}

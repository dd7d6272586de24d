// Whether the page is current: live, catching up, or offline and since when. Always in sight.
import { connection } from "../state/stream";
import { now } from "../state/clock";
import { duration } from "../words";
import { StateMark } from "./StateMark";

const looks = {
  connecting: { shape: "arc", hue: "blue", word: "connecting" },
  live: { shape: "dot", hue: "green", word: "live" },
  "catching up": { shape: "arc", hue: "blue", word: "catching up" },
  offline: { shape: "hatch", hue: "red", word: "offline" },
} as const;

export function ConnectionPill() {
  const at = connection.value;
  const look = looks[at.state];
  const tip = at.state === "offline" ? "The dashboard doesn't answer; what you see is old. It tries again by itself." : "This page follows the swarm's event stream.";
  return (
    <span class={`chip pill hue-${look.hue}`} data-testid="connection" data-state={at.state} data-tip={tip} tabIndex={0} aria-description={tip}>
      <StateMark shape={look.shape} moving={look.shape === "arc"} />
      <span role="status">{look.word}</span>
      {at.state === "offline" && <span class="num">{duration(now.value - at.since)}</span>}
    </span>
  );
}

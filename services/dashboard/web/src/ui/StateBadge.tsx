// One state: shape, word, and how long it has been so, ticking.
import type { Mood } from "../state/mood";
import { absolute } from "../words";
import { Since } from "./Time";
import { StateMark } from "./StateMark";

interface Props { mood: Mood; what: "container" | "agent"; chip?: boolean }

export function StateBadge({ mood, what, chip = false }: Props) {
  const tip = `${what === "container" ? "Container" : "Agent"}: ${mood.word} since ${absolute(mood.since)}${mood.why ? `. ${mood.why}` : ""}`;
  return (
    <span class={`state hue-${mood.hue}${chip ? " chip" : ""}`} data-testid={`${what}-state`} data-state={mood.word} data-tip={tip} tabIndex={0} aria-description={tip}>
      <StateMark shape={mood.shape} moving={mood.moving} />
      <span class="word">{mood.word}</span>
      <Since at={mood.since} />
    </span>
  );
}

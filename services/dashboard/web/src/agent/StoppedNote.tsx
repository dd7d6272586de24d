// Says that what the terminal shows is the past: the agent is stopped, crashed, or not heard.
import type { Tile } from "../gen/wire";
import { agentMood, containerMood } from "../state/mood";
import { StateMark } from "../ui/StateMark";
import { Since } from "../ui/Time";

export function StoppedNote({ tile }: { tile: Tile }) {
  const { view } = tile;
  const container = containerMood(tile);
  const silent = tile.signal === "no_signal";
  if (!silent && (container.word === "running" || container.moving)) return null;
  const words: Record<string, string> = { crashed: "It crashed", absent: "Its container went", stopped: "It stopped" };
  const mood = silent ? agentMood(tile) : container;
  return (
    <p class={`note hue-${mood.hue}`} role="note" data-testid="stopped-note">
      <StateMark shape={mood.shape} />
      <span class="grow">
        {silent ? "Its container runs, but nothing has been heard for " : `${words[container.word] ?? container.word}${view.exit ? ` (${view.exit})` : ""}, `}
        <Since at={mood.since} suffix={silent ? "" : " ago"} />. {silent ? "What you see may be old." : "Below is its history; mail to it waits."}
        {view.error && <> {view.error}</>}
      </span>
    </p>
  );
}

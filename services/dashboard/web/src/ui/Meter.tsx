// How full an agent's context is: a bar and a percentage, both.
import { tokens } from "../words";

interface Props { used: number | null | undefined; limit: number | null | undefined }

export function Meter({ used, limit }: Props) {
  if (used == null) return <span class="num">—</span>;
  if (!limit) return <span class="num">{tokens(used)}</span>;
  const percent = Math.min(100, Math.round((used / limit) * 100));
  const hue = percent >= 90 ? "red" : percent >= 75 ? "peach" : "mauve";
  return (
    <span class={`meter hue-${hue}`}>
      <span class="meter-bar" aria-hidden="true"><span style={{ width: `${percent}%` }} /></span>
      <span class="num" data-testid="ctx">{percent}%</span>
    </span>
  );
}

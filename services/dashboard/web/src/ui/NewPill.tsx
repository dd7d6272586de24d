// Leads back to the end of a view that the reader scrolled away from, and says how much is new there.
import { Icon } from "./Icon";

export function NewPill({ unseen, onClick }: { unseen: number; onClick: () => void }) {
  return (
    <button type="button" class="new-pill" onClick={onClick} data-testid="new-pill">
      <Icon name="down" />
      <span>{unseen > 0 ? `${unseen} new` : "Latest"}</span>
    </button>
  );
}

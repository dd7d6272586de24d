// One destroyed agent whose state is kept.
import type { Tombstone } from "../gen/wire";
import { approvals } from "../state/approvals";
import { purging, revivalOf } from "../state/tombstones";
import { absolute, bytes } from "../words";
import { Icon } from "../ui/Icon";
import { Since } from "../ui/Time";

interface Props { tombstone: Tombstone; onRevive: () => void; onPurge: () => void }

export function KeptRow({ tombstone: { name, size_bytes, destroyed_at, changed_at, login_kept }, onRevive, onPurge }: Props) {
  const revival = revivalOf(name, approvals.value);
  const going = purging.value.has(name);
  const why = going ? "It is being purged." : revival ? `Approval #${revival.id} revives it.` : null;
  return (
    <li class="kept-row" data-testid={`kept-${name}`}>
      <b class="mono kept-name clip">{name}</b>
      <span class="num" data-tip="State folder, home and history together" data-testid="kept-size">{bytes(size_bytes)}</span>
      <span class="num dim" data-tip={`Destroyed ${absolute(destroyed_at)}`}>destroyed <Since at={destroyed_at} suffix=" ago" /></span>
      <span class="num dim" data-tip={`Last change in it ${absolute(changed_at)}`}>changed <Since at={changed_at} suffix=" ago" /></span>
      <span class={`tag flag ${login_kept ? "hue-green" : "hue-quiet"}`} data-tip={login_kept ? "Its Claude login is kept; revived, it is logged in" : "No Claude login is among it"} data-testid="kept-login">{login_kept ? "login kept" : "no login"}</span>
      <span class="kept-acts">
        {revival && <a class="said-link" href={`/decisions?approval=${revival.id}`} data-testid="revival">#{revival.id} {revival.status === "pending" ? "waits for you" : "is under way"}</a>}
        {going && <span class="dim" role="status">being purged…</span>}
        <button type="button" class="btn small" disabled={why !== null} data-tip={why ?? undefined} aria-description={why ?? undefined} aria-label={`Revive ${name}`} onClick={onRevive} data-testid="revive"><Icon name="revive" size={12} />Revive…</button>
        <button type="button" class="btn small danger" disabled={going} aria-label={`Purge ${name}`} onClick={onPurge} data-testid="purge"><Icon name="trash" size={12} />Purge…</button>
      </span>
    </li>
  );
}

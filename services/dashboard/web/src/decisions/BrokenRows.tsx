// Stored rows that can't be read: named, so that nobody takes their absence for an all-clear.
import { history } from "../state/approvals";
import { ended } from "../state/questions";
import { broken, swarm } from "../state/swarm";

export function BrokenRows() {
  const rows = new Map([...broken.value, ...history.value.broken, ...ended.value.broken].map((row) => [`${row.table}-${row.id}`, row]));
  const away = (swarm.value?.unreachable ?? []).filter((name) => name === "approvals" || name === "broker");
  return (
    <>
      {away.length > 0 && <p class="note hue-red" role="status" data-testid="decisions-stale"><span class="grow"><b>{away.join(" and ")}</b> can't be reached: something that waits for you may be missing here.</span></p>}
      {[...rows].map(([key, row]) => (
        <p class="note hue-red" key={key} role="note" data-testid="broken-row">
          <span class="grow"><b>{row.table} #{row.id}</b> can't be read: {row.error}</span>
        </p>
      ))}
    </>
  );
}

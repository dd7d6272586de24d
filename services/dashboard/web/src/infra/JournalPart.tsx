// An agent's journal: whose lines, how many, once or followed. Nothing is asked for while nobody looks.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { LogUnit } from "../gen/wire";
import { Journal } from "../state/journal";
import { swarm } from "../state/swarm";
import { watching } from "../state/watching";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { Loading } from "../ui/Loading";
import { LineView } from "./LineView";

const amounts = [200, 1000, 5000];

export function JournalPart({ name }: { name: string }) {
  const [unit, setUnit] = useState<LogUnit>("harness");
  const [wanted, setWanted] = useState(200);
  const [follow, setFollow] = useState(true);
  const [raw, setRaw] = useState(false);
  const journal = useMemo(() => new Journal(name, unit, wanted), [name, unit, wanted]);
  const seen = watching.value;
  useEffect(() => {
    if (follow && seen) journal.follow();
    else if (journal.status.peek() === "loading") void journal.load();
    return () => journal.stop();
  }, [journal, follow, seen]);
  const { lines, error, status, following } = journal;
  const dropped = lines.dropped.value;

  return (
    <div class="part" data-testid="journal" data-following={following.value}>
      <div class="part-bar">
        {swarm.value?.capabilities.separate_units && (
          <label class="pick"><span>of</span>
            <select class="field" value={unit} onChange={(event) => setUnit(event.currentTarget.value as LogUnit)} data-testid="unit">
              <option value="harness">the harness</option>
              <option value="machine">the whole machine</option>
            </select>
          </label>
        )}
        <label class="pick"><span>last</span>
          <select class="field" value={wanted} onChange={(event) => setWanted(Number(event.currentTarget.value))} data-testid="line-count">
            {amounts.map((amount) => <option key={amount} value={amount}>{amount} lines</option>)}
          </select>
        </label>
        <label class="switch"><input type="checkbox" role="switch" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} data-testid="follow" /><span>Follow</span></label>
        <label class="switch"><input type="checkbox" role="switch" checked={raw} onChange={(event) => setRaw(event.currentTarget.checked)} data-testid="raw" /><span>As printed</span></label>
        <span class="grow" />
        <button type="button" class="btn small" onClick={() => void journal.load()} data-testid="refresh"><Icon name="restart" size={12} />Refresh</button>
      </div>
      {error.value && <ErrorNote error={error.value} what="Journal" onRetry={() => void (follow && !following.value ? journal.follow() : journal.load())} />}
      {status.value === "loading" ? <Loading rows={1} height={320} /> : (
        <LineView lines={lines} label={`Journal of ${name}, newest last`} testid="journal-lines" empty="It has printed nothing yet." raw={raw}
          before={dropped > 0 ? `${dropped} older lines are no longer shown here` : journal.cut.value ? "older lines are left out" : null} />
      )}
    </div>
  );
}

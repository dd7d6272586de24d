// What one action printed, going on while it is under way.
import { useEffect } from "preact/hooks";
import type { ActionView } from "../gen/wire";
import { actionLook, took } from "../state/actions";
import { now } from "../state/clock";
import { outputOf } from "../state/outputs";
import { count } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { StateMark } from "../ui/StateMark";
import { LineView } from "./LineView";

export function OutputView({ id, known }: { id: number; known: ActionView | null }) {
  const log = outputOf(id);
  const ended = known?.ended_at ?? null;
  useEffect(() => void log.fill(), [log, ended]);
  const action = known?.ended_at ? known : log.action.value?.ended_at ? log.action.value : (known ?? log.action.value);
  const look = action && actionLook(action);
  const before = log.before.value;
  return (
    <section class="output" aria-label={`Output of action ${id}`} data-testid="output" data-action={id}>
      {action && look && (
        <p class={`output-head hue-${look.hue}`}>
          <StateMark shape={look.shape} moving={look.moving} />
          <b>{action.kind} #{action.id}</b>
          <span data-testid="output-state">{look.word}{look.moving && action.step ? `: ${action.step}` : ""}</span>
          <span class="num dim">{took(action, action.ended_at ? 0 : now.value)}</span>
          <span class="grow" />
          <span class="num dim" data-testid="output-count">{count(log.total.value, "line")}</span>
        </p>
      )}
      {action?.error && <p class="tile-error" role="note" data-testid="output-error">{action.error}</p>}
      {log.error.value && <ErrorNote error={log.error.value} what="Output" onRetry={() => void log.fill()} />}
      {log.status.value === "loading" && !log.error.value ? <Loading rows={1} height={320} /> : (
        <LineView lines={log.lines} label={`What ${action?.kind ?? "the action"} printed, newest last`} testid="output-lines"
          before={before > 0 ? `${count(before, "earlier line")} not shown` : null} empty={action && !action.ended_at ? "Nothing printed yet." : "It printed nothing."} />
      )}
    </section>
  );
}

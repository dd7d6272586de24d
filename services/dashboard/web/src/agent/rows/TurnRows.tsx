// Where a turn begins, and for whom; where it ends, and how.
import type { Row } from "../../state/rows";
import { money, seconds, tokens } from "../../words";
import { Since } from "../../ui/Time";

export function TurnStart({ row }: { row: Extract<Row, { kind: "turn_started" }> }) {
  return (
    <p class="turn-line" data-testid="turn-started" data-open={row.open}>
      <b>turn</b> <span class="dim">{row.turn?.slice(0, 8)}</span>
      {row.wokenBy.length > 0 && <span> · woken by {row.wokenBy.map(({ id, sender }, i) => <>{i > 0 && ", "}<a href={`/messages?m=${id}`}>{sender === "operator" ? "you" : sender} #{id}</a></>)}</span>}
      {row.open && <span class="open-turn"> · open <Since at={row.at} /></span>}
    </p>
  );
}

export function TurnEnd({ row }: { row: Extract<Row, { kind: "turn_ended" }> }) {
  const good = ["ok", "success", "done", "ended", "acked"].includes(row.outcome);
  const facts = [
    row.seconds !== null && seconds(row.seconds),
    row.tools !== null && `${row.tools} ${row.tools === 1 ? "tool call" : "tool calls"}`,
    row.ctx !== null && `ctx ${tokens(row.ctx)}`,
    row.cost !== null && money(row.cost),
  ].filter(Boolean);
  return (
    <p class={`turn-line${good ? "" : " bad"}`} data-testid="turn-ended" data-outcome={row.outcome}>
      <b>{good ? "turn ended" : `turn ${row.outcome.replace("_", " ")}`}</b>
      {facts.map((fact) => <span class="num"> · {fact}</span>)}
      {row.reason && <span> · {row.reason}</span>}
    </p>
  );
}

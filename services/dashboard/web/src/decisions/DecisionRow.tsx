// One approval of a batch: what it is, and what became of it.
import type { Approval, Decision, DecisionResult } from "../gen/wire";
import { StateMark } from "../ui/StateMark";
import { short } from "./status";

interface Props { id: number; approval: Approval | null; decision: Decision; busy: boolean; result: DecisionResult | null }

export function DecisionRow({ id, approval, decision, busy, result }: Props) {
  const hue = result ? (result.ok ? "green" : "red") : "peach";
  return (
    <li class={`decision-row hue-${hue}`} data-testid={`result-${id}`} data-code={result?.code ?? (result?.ok ? "ok" : undefined)}>
      <StateMark shape={result ? (result.ok ? "square" : "cross") : busy ? "arc" : "bang"} moving={busy && !result} />
      <span class="grow">
        <b class="mono">{approval?.agent ?? "?"}</b> <span class="dim num">#{id}</span> {approval && <span class="mono dim">{short(approval.commit)}</span>}
        {result && <span class="decision-said">{result.ok ? (decision === "approve" ? "approved" : "denied") : <>{result.message ?? "refused"} <code class="dim">{result.code}</code></>}</span>}
        {busy && !result && <span class="decision-said dim">sending…</span>}
      </span>
    </li>
  );
}

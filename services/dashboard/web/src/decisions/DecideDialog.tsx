// Approving or denying one approval or several: asks once, takes the reason of a denial, shows what became of each.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api";
import type { Decision, DecisionResult } from "../gen/wire";
import { approvalNumbered, decide } from "../state/approvals";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";
import { DecisionRow } from "./DecisionRow";

interface Props { decision: Decision; ids: readonly number[]; warning?: string | null; onClose: () => void; onDone?: (results: DecisionResult[]) => void }

export function DecideDialog({ decision, ids, warning = null, onClose, onDone }: Props) {
  const kept = `hive.reason.${ids.join(".")}`;
  const [reason, setReason] = useState(() => sessionStorage.getItem(kept) ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [results, setResults] = useState<DecisionResult[] | null>(null);
  const [subjects] = useState(() => ids.map((id) => ({ id, approval: approvalNumbered(id) })));
  const first = useRef<HTMLElement | null>(null);
  useEffect(() => first.current?.focus(), []);
  const word = decision === "approve" ? "Approve" : "Deny";
  const many = ids.length > 1;

  const send = async (): Promise<void> => {
    if (busy || results) return;
    setBusy(true);
    setError(null);
    try {
      const came = await decide(decision, ids, reason);
      sessionStorage.removeItem(kept);
      if (onDone) return onDone(came);
      setResults(came);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const only = subjects[0]?.approval;

  return (
    <Dialog title={results ? "What became of them" : many ? `${word} ${ids.length} approvals` : `${word} #${ids[0]}`} onClose={onClose} testid="decide-dialog">
      <form onSubmit={(event) => { event.preventDefault(); void send(); }} onKeyDown={(event) => { if (event.key === "Enter" && event.repeat) event.preventDefault(); }}>
        {!many && only && !results && <p>{decision === "deny" ? <>The request for <b class="mono">{only.agent}</b> ends here.</> : only.kind === "spawn" ? <><b class="mono">{only.agent}</b> is made from exactly the commit you saw.</> : <><b class="mono">{only.agent}</b> is rebuilt from exactly the commit you saw; a running turn gets 30 s to end.</>}</p>}
        {many && <ul class="decision-rows" data-testid="decision-rows">{subjects.map(({ id, approval }) => <DecisionRow key={id} id={id} approval={approval} decision={decision} busy={busy} result={results?.find((result) => result.id === id) ?? null} />)}</ul>}
        {warning && !results && <p class="note hue-yellow"><span class="grow">{warning}</span></p>}
        {decision === "deny" && !results && (
          <label>
            <span class="label">Reason{many ? " for all of them" : ""}; the manager reads it. It may be left empty.</span>
            <textarea class="field" rows={3} value={reason} ref={(box) => { first.current = box; }} data-testid="deny-reason"
              onInput={(event) => { setReason(event.currentTarget.value); sessionStorage.setItem(kept, event.currentTarget.value); }} />
          </label>
        )}
        {error && <ErrorNote error={error} />}
        <div class="dialog-foot">
          {results
            ? <button type="button" class="btn primary big" onClick={onClose} data-testid="decide-close">Done</button>
            : (
              <>
                <button type="button" class="btn big" onClick={onClose}>Back</button>
                <button type="submit" class={`btn big ${decision === "deny" ? "danger solid" : "primary"}`} disabled={busy} ref={(box) => { if (decision === "approve") first.current = box; }} data-testid="decide-confirm">
                  {busy ? "Sending…" : word}
                </button>
              </>
            )}
        </div>
      </form>
    </Dialog>
  );
}

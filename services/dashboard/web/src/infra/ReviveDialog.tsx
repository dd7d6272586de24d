// Asking for a destroyed agent anew: that is an approval like any other, and says where it waits.
import { useRef, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import type { Approval, Tombstone } from "../gen/wire";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";

export function ReviveDialog({ tombstone: { name, login_kept }, onClose }: { tombstone: Tombstone; onClose: () => void }) {
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [made, setMade] = useState<Approval | null>(null);
  const key = useRef({ of: "", key: "" }); // a retry of the same words can't ask twice
  const send = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setError(null);
    if (!key.current.key || key.current.of !== words) key.current = { of: words, key: crypto.randomUUID() };
    try {
      setMade(await api.revive(name, words, key.current.key));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Revive ${name}`} onClose={onClose} testid="revive-dialog">
      {made ? (
        <>
          <p role="status">Approval <b>#{made.id}</b> waits for your decision. Nothing is made before.</p>
          <div class="dialog-foot">
            <button type="button" class="btn big" onClick={onClose}>Stay here</button>
            <a class="btn primary big" href={`/decisions?approval=${made.id}`} data-testid="revive-open">Review #{made.id}</a>
          </div>
        </>
      ) : (
        <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
          <p>This asks for a new agent called <b class="mono">{name}</b> that takes over the state, history and configuration kept of it{login_kept ? ", and its Claude login" : "; it has no Claude login, so it needs one"}. It queues an approval: you see its configuration and decide.</p>
          <label>
            <span class="label">Why, for the record; it may be left empty</span>
            <textarea class="field" rows={2} value={words} maxLength={32_768} onInput={(event) => setWords(event.currentTarget.value)} data-testid="revive-words" />
          </label>
          {error && <ErrorNote error={error} />}
          <div class="dialog-foot">
            <button type="button" class="btn big" onClick={onClose}>Back</button>
            <button type="submit" class="btn primary big" disabled={busy} data-testid="revive-submit">{busy ? "Asking…" : "Ask for approval"}</button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

// Destroying an agent: says what is lost and takes the typed name as the confirmation.
import { useState } from "preact/hooks";
import { api } from "../api";
import { ask, refused } from "../state/agents";
import { leet } from "../state/prefs";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";

export function DestroyDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [purge, setPurge] = useState(false);
  const [busy, setBusy] = useState(false);
  const error = refused.value[name]?.action === "destroy" ? refused.value[name].error : null;

  const destroy = async (): Promise<void> => {
    setBusy(true);
    const done = await ask(name, "destroy", () => api.destroy(name, purge));
    setBusy(false);
    if (done) onClose();
  };

  return (
    <Dialog title={`Destroy ${name}`} onClose={onClose} testid="destroy-dialog">
      {leet.value === "on" && <span class="leet-mark mono" aria-hidden="true">DESTR0Y</span>}
      <form onSubmit={(event) => { event.preventDefault(); void destroy(); }}>
        <p>Its container stops at once and its credentials are revoked. Its state and configuration are kept unless you say otherwise.</p>
        <label class="check">
          <input type="checkbox" checked={purge} onChange={(event) => setPurge(event.currentTarget.checked)} data-testid="destroy-purge" />
          <span>Purge its state too. <b>This can't be undone.</b></span>
        </label>
        <label>
          <span class="label">Type <b class="mono">{name}</b> to confirm</span>
          <input class="field mono" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" autocapitalize="off" spellcheck={false} autofocus data-testid="destroy-confirm" />
        </label>
        {error && <ErrorNote error={error} />}
        <div class="dialog-foot">
          <button type="button" class="btn" onClick={onClose}>Keep it</button>
          <button type="submit" class="btn danger solid" disabled={typed !== name || busy} data-testid="destroy-submit">{purge ? "Destroy and purge" : "Destroy"}</button>
        </div>
      </form>
    </Dialog>
  );
}

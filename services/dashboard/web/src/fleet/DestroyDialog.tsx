// Destroying an agent: says what is lost and takes the typed name as the confirmation.
import { useState } from "preact/hooks";
import { api } from "../api";
import { ask, refused } from "../state/agents";
import { leet } from "../state/prefs";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";
import { TypeName } from "../ui/TypeName";

export function DestroyDialog({ name, onClose, purges = false }: { name: string; onClose: () => void; purges?: boolean }) {
  const [typed, setTyped] = useState("");
  const [purge, setPurge] = useState(purges);
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
        <p>Its container stops at once and its credentials are revoked. {purge
          ? <>Its state folder, Claude login, history and configuration are <b>removed too</b>. Mail and decisions stay on record.</>
          : <>Its state folder, Claude login, history and configuration are kept: Infrastructure lists them under “Kept state”, from where it can be revived.</>}</p>
        <label class="check">
          <input type="checkbox" checked={purge} onChange={(event) => setPurge(event.currentTarget.checked)} data-testid="destroy-purge" />
          <span>Purge its state too. <b>This can't be undone.</b></span>
        </label>
        <TypeName name={name} value={typed} onChange={setTyped} testid="destroy-confirm" />
        {error && <ErrorNote error={error} />}
        <div class="dialog-foot">
          <button type="button" class="btn" onClick={onClose}>Keep it</button>
          <button type="submit" class="btn danger solid" disabled={typed !== name || busy} data-testid="destroy-submit">{purge ? "Destroy and purge" : "Destroy"}</button>
        </div>
      </form>
    </Dialog>
  );
}

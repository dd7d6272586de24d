// Removing what is kept of a destroyed agent: takes its typed name.
import { useState } from "preact/hooks";
import type { ApiError } from "../api";
import type { Tombstone } from "../gen/wire";
import { purge } from "../state/tombstones";
import { bytes } from "../words";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";
import { TypeName } from "../ui/TypeName";

export function PurgeDialog({ tombstone: { name, size_bytes, login_kept }, onClose }: { tombstone: Tombstone; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const send = async (): Promise<void> => {
    if (busy || typed !== name) return;
    setBusy(true);
    const refused = await purge(name);
    setBusy(false);
    if (refused) setError(refused);
    else onClose();
  };
  return (
    <Dialog title={`Purge ${name}`} onClose={onClose} testid="purge-dialog">
      <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
        <p>Its state folder, history and configuration ({bytes(size_bytes)}){login_kept && <>, <b>its Claude login too</b>,</>} are removed. <b>This can't be undone.</b> Mail and decisions stay on record.</p>
        <TypeName name={name} value={typed} onChange={setTyped} testid="purge-confirm" />
        {error && <ErrorNote error={error} />}
        <div class="dialog-foot">
          <button type="button" class="btn big" onClick={onClose}>Keep it</button>
          <button type="submit" class="btn big danger solid" disabled={typed !== name || busy} data-testid="purge-submit">{busy ? "Purging…" : "Purge"}</button>
        </div>
      </form>
    </Dialog>
  );
}

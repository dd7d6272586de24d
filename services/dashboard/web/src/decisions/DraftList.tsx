// Agents to be, whose configuration the manager is writing; each can be discarded.
import { useState } from "preact/hooks";
import { api, ApiError } from "../api";
import type { Draft } from "../gen/wire";
import { agentDrafts, dropDraft } from "../state/agent_drafts";
import { Who } from "../messages/Who";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";
import { Heading } from "../ui/Heading";
import { Since } from "../ui/Time";
import { short } from "./status";

function DiscardDialog({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const discard = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await api.discardDraft(draft.name);
      dropDraft(draft.name);
      onClose();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Discard draft ${draft.name}`} onClose={onClose} testid="discard-dialog">
      <p>What was written of its configuration and its state folder are removed. <b>This can't be undone.</b></p>
      {error && <ErrorNote error={error} />}
      <div class="dialog-foot">
        <button type="button" class="btn big" onClick={onClose}>Keep it</button>
        <button type="button" class="btn danger solid big" disabled={busy} onClick={() => void discard()} data-testid="discard-confirm">{busy ? "Discarding…" : "Discard"}</button>
      </div>
    </Dialog>
  );
}

export function DraftList() {
  const [asking, setAsking] = useState<Draft | null>(null);
  const list = agentDrafts.value;
  return (
    <section class="card side-card" data-testid="drafts" aria-label="Drafts">
      <Heading plain="Drafts" leet="DR4FTS" level={2}><span class="num dim">{list.length}</span></Heading>
      {list.length === 0 && <p class="dim">None. A draft is an agent to be, while the manager writes its configuration.</p>}
      {list.length > 0 && (
        <ul class="draft-list">
          {list.map((draft) => (
            <li key={draft.name} data-testid={`draft-${draft.name}`}>
              <div class="row"><b class="mono clip">{draft.name}</b><span class="grow" />
                <button type="button" class="btn small danger" disabled={draft.approval != null} data-tip={draft.approval != null ? "An approval of it waits: decide that first" : undefined} onClick={() => setAsking(draft)} data-testid="discard">Discard…</button>
              </div>
              <p class="dim">by <Who name={draft.requested_by} /> · <Since at={draft.created_at} suffix=" ago" />{draft.start_commit === null ? " · being made" : <> · from <span class="mono">{short(draft.start_commit)}</span></>}</p>
              {draft.approval != null && <a class="said-link" href={`/decisions?approval=${draft.approval}`}>#{draft.approval} waits for you</a>}
            </li>
          ))}
        </ul>
      )}
      {asking && <DiscardDialog draft={asking} onClose={() => setAsking(null)} />}
    </section>
  );
}

// Cancelling a question: says what the asker will see.
import { useState } from "preact/hooks";
import { ApiError } from "../api";
import type { Question } from "../gen/wire";
import { cancelQuestion } from "../state/questions";
import { Dialog } from "../ui/Dialog";
import { ErrorNote } from "../ui/ErrorNote";

export function CancelDialog({ question, onClose }: { question: Question; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const cancel = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await cancelQuestion(question.id);
      onClose();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Cancel question #${question.id}`} onClose={onClose} testid="cancel-dialog">
      <p><b class="mono">{question.asker}</b> will see this as the answer: <code class="code">[cancelled]</code></p>
      {error && <ErrorNote error={error} />}
      <div class="dialog-foot">
        <button type="button" class="btn big" onClick={onClose}>Keep it open</button>
        <button type="button" class="btn danger solid big" disabled={busy} onClick={() => void cancel()} data-testid="cancel-confirm">{busy ? "Cancelling…" : "Cancel the question"}</button>
      </div>
    </Dialog>
  );
}

// One approval in full: what is asked, every warning, every line of its diff, and the decision bound to what was shown.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Decision, DecisionResult } from "../gen/wire";
import { approvalNumbered, decisionRefused, lookUp } from "../state/approvals";
import { Review } from "../state/review";
import { reviewed } from "../state/reviewed";
import { swarm } from "../state/swarm";
import { DecideDialog } from "../decisions/DecideDialog";
import { count } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { DecisionBar } from "./DecisionBar";
import { FileDiff } from "./FileDiff";
import { FileList } from "./FileList";
import { ReviewHead } from "./ReviewHead";
import { useReviewKeys } from "./useReviewKeys";

export function ReviewPage({ id }: { id: number }) {
  const review = useMemo(() => new Review(id), [id]);
  const [asking, setAsking] = useState<Decision | null>(null);
  const [here, setHere] = useState(0);
  const ready = swarm.value !== null;
  const told = approvalNumbered(id);
  const shown = review.shown.value;
  const approval = told ?? shown?.approval ?? null;
  const open = told?.status === "pending" ? told : null;

  useEffect(() => {
    if (ready) void review.load();
    return () => review.close();
  }, [review, ready]);
  useEffect(() => {
    if (open) review.compare(open);
    else if (shown?.approval.status === "pending" && !told) void lookUp(id);
  }, [open, shown]);

  const files = review.files.value;
  const seen = reviewed(id);
  const viewed = new Set(seen?.viewed ?? []);
  const decidable = approval?.status === "pending" && review.complete.value && seen?.complete === true && seen.hash === shown?.hash;
  useReviewKeys({ id, files, here, setHere, decide: (decision) => decidable && setAsking(decision), blocked: asking !== null });

  const done = (results: DecisionResult[]): void => {
    setAsking(null);
    if (results.some((result) => result.code === "changed_since_shown")) void review.anew();
  };
  const left = files.length - files.filter((file) => viewed.has(file.path)).length;
  if (!approval || !shown) {
    return (
      <div class="page review" data-testid="review">
        <a class="btn quiet small" href="/decisions" data-testid="review-back">Back to decisions</a>
        {review.error.value ? <ErrorNote error={review.error.value} what={`Approval #${id}`} onRetry={() => void review.load()} /> : <Loading rows={3} height={120} />}
      </div>
    );
  }
  return (
    <div class="page review" data-testid="review" data-complete={review.complete.value} data-hash={shown.hash}>
      <ReviewHead approval={{ ...approval, notes: shown.approval.notes, description: shown.approval.description }} shown={shown} />
      {review.changed.value && approval.status === "pending" && (
        <p class="note hue-peach" role="alert" data-testid="changed-banner">
          <span class="grow"><b>Changed since you looked.</b> Everything below is as it is now; what you had marked as viewed counts no longer.</span>
          <button type="button" class="btn small" onClick={() => (review.changed.value = false)}>Understood</button>
        </p>
      )}
      {review.error.value && <ErrorNote error={review.error.value} what="The diff" onRetry={() => void review.load()}>{" "}{count(files.length, "file")} of {shown.files} loaded.</ErrorNote>}
      <div class="review-body">
        <FileList files={files} viewed={viewed} here={here} total={shown.files} onPick={setHere} />
        <div class="review-files">
          {files.map((file, i) => <FileDiff key={file.number} id={id} file={file} at={i} viewed={viewed.has(file.path)} here={here === i} pending={approval.status === "pending"} onHere={setHere} />)}
          {review.complete.value && files.length === 0 && <p class="empty card">It changes no file.</p>}
          {review.loading.value && <p class="dim centre" role="status" data-testid="diff-loading">Loading: {files.length} of {count(shown.files, "file")}…</p>}
        </div>
      </div>
      <DecisionBar approval={approval} decidable={decidable} loaded={files.filter((file) => file.whole).length} total={shown.files} left={left} refused={decisionRefused.value[id] ?? null} onAsk={setAsking} />
      {asking && <DecideDialog decision={asking} ids={[id]} onClose={() => setAsking(null)} onDone={done}
        warning={asking === "approve" && left > 0 ? `${count(left, "file")} of ${files.length} not marked as viewed.` : null} />}
    </div>
  );
}


// How a question ended: answered by whom, cancelled, or expired without an answer, which is never one of its options.
import type { Question } from "../gen/wire";
import { answering } from "../state/answers";
import { Exact } from "../ui/Exact";
import { StateMark } from "../ui/StateMark";
import { At } from "../ui/Time";

const looks = {
  answered: { shape: "square", hue: "green" },
  cancelled: { shape: "bars", hue: "yellow" },
  expired: { shape: "cross", hue: "red" },
} as const;

export function Ending({ question, onAway }: { question: Question; onAway?: () => void }) {
  const { outcome, answer, answerer, answered_at } = question;
  if (!outcome) return null;
  const look = looks[outcome];
  const { text, options } = answering(question.id).answer.value;
  const unsent = [...options, text.trim()].filter(Boolean).join(", ");
  return (
    <div class={`ending hue-${look.hue}`} role="status" data-testid="ending" data-outcome={outcome}>
      <p class="ending-line">
        <StateMark shape={look.shape} />
        <span class="grow">
          {outcome === "expired" ? <b>No answer: expired</b>
            : outcome === "cancelled" ? <><b>No answer: cancelled</b>{answerer && answerer !== "operator" ? ` by ${answerer}` : ""}</>
            : <><b>{answerer === "operator" ? "You answered" : `${answerer ?? "Somebody"} answered`}:</b> <span class="ending-answer"><Exact text={answer ?? ""} /></span></>}
          {answered_at && <span class="dim"> · <At at={answered_at} short /></span>}
        </span>
        {onAway && <button type="button" class="btn small" onClick={onAway} data-testid="put-away">Put away</button>}
      </p>
      {unsent && <p class="unsent" data-testid="unsent"><span class="dim">Your words that were not sent:</span> <Exact text={unsent} /></p>}
    </div>
  );
}

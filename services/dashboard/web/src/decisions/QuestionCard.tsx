// One question: who asks, its words, the time left, and the way to answer or cancel it. An ended one says how it ended.
import { useEffect, useState } from "preact/hooks";
import type { Question } from "../gen/wire";
import { answering } from "../state/answers";
import { OPERATOR } from "../state/messages";
import { looking, putAway } from "../state/questions";
import { LongText } from "../messages/LongText";
import { Who } from "../messages/Who";
import { Left } from "../ui/Left";
import { StateMark } from "../ui/StateMark";
import { Since } from "../ui/Time";
import { AnswerForm } from "./AnswerForm";
import { CancelDialog } from "./CancelDialog";
import { Ending } from "./Ending";

export function QuestionCard({ question }: { question: Question }) {
  const { id, asker, to, deadline, outcome } = question;
  const [cancelling, setCancelling] = useState(false);
  useEffect(() => {
    looking.add(id);
    return () => {
      looking.delete(id);
      answering(id).stop();
    };
  }, [id]);
  return (
    <article class={`question card hue-${outcome ? "quiet" : "peach"}`} data-testid={`question-${id}`} data-outcome={outcome ?? "open"} aria-label={`Question ${id} from ${asker}`}>
      <header class="question-head">
        {!outcome && <StateMark shape="bang" />}
        <Who name={asker} />
        <span class="dim">asks{to === OPERATOR ? "" : ` ${to}`}</span>
        <span class="dim num">#{id}</span>
        <span class="grow" />
        {!outcome && deadline && <span class="question-left">ends in <Left at={deadline} over="a moment" /></span>}
        <span class="dim num"><Since at={question.asked_at} suffix=" ago" /></span>
      </header>
      <LongText id={`q${id}`} text={question.question} />
      {outcome ? <Ending question={question} onAway={() => { answering(id).forget(); putAway(id); }} /> : (
        <>
          {to !== OPERATOR && <p class="dim">Asked of {to}. Your answer would count in its place.</p>}
          <AnswerForm question={question} onCancel={() => setCancelling(true)} />
        </>
      )}
      {cancelling && !outcome && <CancelDialog question={question} onClose={() => setCancelling(false)} />}
    </article>
  );
}

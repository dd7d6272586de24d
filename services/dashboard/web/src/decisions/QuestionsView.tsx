// Questions alone: the open ones, the last that ended, and what agents ask each other.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api";
import { between, ended, endedHere, loadBetween, loadEnded, shownQuestions } from "../state/questions";
import { inQueueOrder } from "../state/queue";
import { swarm } from "../state/swarm";
import { LongText } from "../messages/LongText";
import { Who } from "../messages/Who";
import { ErrorNote } from "../ui/ErrorNote";
import { Since } from "../ui/Time";
import { Ending } from "./Ending";
import { Nothing } from "./Nothing";
import { QuestionCard } from "./QuestionCard";

function Between() {
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const load = (): void => {
    setError(null);
    loadBetween().catch((problem: unknown) => {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    });
  };
  return (
    <section aria-label="Between agents">
      <button type="button" class="btn quiet" aria-expanded={open} onClick={() => { if (!open) load(); setOpen(!open); }} data-testid="between-open">Between agents</button>
      {open && error && <ErrorNote error={error} onRetry={load} />}
      {open && between.value?.length === 0 && <p class="dim">No agent waits for another's answer.</p>}
      {open && <ol class="queue" data-testid="between">{between.value?.map((question) => <li key={question.id}><QuestionCard question={question} /></li>)}</ol>}
    </section>
  );
}

export function QuestionsView() {
  const list = inQueueOrder(shownQuestions.value.map((question) => ({ kind: "question", key: `${question.id}`, since: question.asked_at, deadline: question.deadline, question })));
  const { list: past, error } = ended.value;
  useEffect(() => { void loadEnded(); }, []);
  const here = new Set(endedHere.value.map((question) => question.id));
  return (
    <div class="one">
      {list.length === 0 && swarm.value?.unreachable.length === 0 && <Nothing what="No question waits" why="An agent that asks you something goes on working, or waits for your answer as mail." />}
      <ol class="queue" aria-label="Open questions" data-testid="questions">
        {list.map((item) => item.kind === "question" && <li key={item.key}><QuestionCard question={item.question} /></li>)}
      </ol>
      <Between />
      {error && <ErrorNote error={error} what="Ended questions" onRetry={() => void loadEnded()} />}
      {past.length > 0 && (
        <section aria-labelledby="ended">
          <h2 class="kicker" id="ended">Ended</h2>
          <ol class="past-list card" data-testid="ended">
            {past.filter((question) => !here.has(question.id)).map((question) => (
              <li key={question.id} class="past" data-testid={`ended-${question.id}`}>
                <div class="past-head"><Who name={question.asker} /> <span class="dim num">#{question.id}</span><span class="grow" /><span class="dim num"><Since at={question.asked_at} suffix=" ago" /></span></div>
                <LongText id={`q${question.id}`} text={question.question} />
                <Ending question={question} />
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

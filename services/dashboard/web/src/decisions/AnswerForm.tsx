// An answer in the making: the options, always a free text beside them, and whether the deadline is held meanwhile.
import type { Question } from "../gen/wire";
import { answering } from "../state/answers";
import { now } from "../state/clock";
import { connection } from "../state/stream";
import { duration } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Exact } from "../ui/Exact";
import { Icon } from "../ui/Icon";

function Held({ question }: { question: Question }) {
  const place = answering(question.id);
  if (question.deadline === null) return null;
  const held = question.held_until != null && Date.parse(question.held_until) > now.value;
  const left = question.hold_left_seconds ?? null;
  if (place.hold.value === "over") return <p class="held hue-red" role="status" data-testid="hold">It can't be held any longer: it ends at its deadline.</p>;
  if (place.hold.value === "lost") return <p class="held hue-red" role="status" data-testid="hold">The deadline could not be held.</p>;
  if (!held) return null;
  return <p class="held hue-teal" role="status" data-testid="hold">Held while you write{left !== null && left > 0 ? `, ${duration(left * 1000)} more at most` : ""}.</p>;
}

export function AnswerForm({ question, onCancel }: { question: Question; onCancel: () => void }) {
  const { id, options, multi } = question;
  const place = answering(id);
  const { options: chosen, text } = place.answer.value;
  const offline = connection.value.state === "offline";
  const choose = (option: string, on: boolean): void => {
    const others = multi ? chosen.filter((other) => other !== option) : [];
    place.edit(question, { options: on ? options.filter((known) => known === option || others.includes(known)) : others });
  };
  return (
    <form class="answer" onSubmit={(event) => { event.preventDefault(); void place.send(); }} data-testid="answer-form">
      {options.length > 0 && (
        <fieldset class="options">
          <legend class="sr">{multi ? "Options, several may be chosen" : "Options, one may be chosen"}</legend>
          {options.map((option, i) => (
            <label key={i} class="option">
              <input type={multi ? "checkbox" : "radio"} name={`q${id}`} checked={chosen.includes(option)} onChange={(event) => choose(option, event.currentTarget.checked)} data-testid="option" />
              <span><Exact text={option} /></span>
            </label>
          ))}
          {!multi && chosen.length > 0 && <button type="button" class="btn small quiet" onClick={() => place.edit(question, { options: [] })}>Choose none</button>}
        </fieldset>
      )}
      <textarea class="field" rows={2} value={text} aria-label={options.length > 0 ? "Your own words, beside or instead of an option" : "Your answer"}
        placeholder={options.length > 0 ? "Your own words, beside or instead of an option" : "Your answer"} data-testid="answer-text"
        onInput={(event) => place.edit(question, { text: event.currentTarget.value })}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void place.send(); } }} />
      <Held question={question} />
      {place.error.value && <ErrorNote error={place.error.value} what="Not sent" onClose={() => (place.error.value = null)} />}
      <div class="row answer-acts">
        <button type="submit" class="btn primary big" disabled={place.empty || place.sending.value || offline} data-testid="answer-send"><Icon name="send" />{place.sending.value ? "Sending…" : "Answer"}</button>
        <button type="button" class="btn quiet big" onClick={onCancel} data-testid="question-cancel">Cancel the question…</button>
        <span class="grow" />
        {offline && <span class="dim">Offline: your words are kept here.</span>}
      </div>
    </form>
  );
}

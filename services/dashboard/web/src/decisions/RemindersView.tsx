// Reminders that agents set for themselves: when each is due, why one failed, and the way to cancel it.
import { useState } from "preact/hooks";
import type { Reminder } from "../gen/wire";
import { cancelReminder, reminderErrors, reminders, remindersTotal } from "../state/reminders";
import { swarm } from "../state/swarm";
import { LongText } from "../messages/LongText";
import { Who } from "../messages/Who";
import { ErrorNote } from "../ui/ErrorNote";
import { Exact } from "../ui/Exact";
import { Left } from "../ui/Left";
import { StateMark } from "../ui/StateMark";
import { At } from "../ui/Time";
import { Nothing } from "./Nothing";

function Row({ reminder }: { reminder: Reminder }) {
  const [sure, setSure] = useState(false);
  const { id, state, error, attempts, next_attempt } = reminder;
  const failed = state === "failed";
  const refusal = reminderErrors.value[id];
  return (
    <li class={`past hue-${failed ? "red" : "teal"}`} data-testid={`reminder-${id}`} data-state={state}>
      <div class="past-head">
        <StateMark shape={failed ? "cross" : "ring"} />
        <Who name={reminder.owner} />
        <span class="dim num">#{id}</span>
        <span class="grow" />
        <span>{failed ? <b class="bad">not delivered</b> : <Left at={reminder.due} over="due now" prefix="in " />}</span>
        <span class="dim"><At at={reminder.due} short /></span>
        <button type="button" class="btn small danger" onClick={() => { if (!sure) return setSure(true); setSure(false); void cancelReminder(id); }} onBlur={() => setSure(false)} data-testid="reminder-cancel">{sure ? "Really cancel" : "Cancel"}</button>
      </div>
      <LongText id={`r${id}`} text={reminder.message} />
      {reminder.file_path && <p class="dim">Its text is written to <code class="code"><Exact text={reminder.file_path} /></code></p>}
      {failed && <p class="dead-reason">{error}{attempts ? ` · tried ${attempts}×` : ""}{next_attempt && <> · again <Left at={next_attempt} over="now" prefix="in " /></>}</p>}
      {refusal && <ErrorNote error={refusal} />}
    </li>
  );
}

export function RemindersView() {
  const list = reminders.value;
  return (
    <div class="one">
      {list.length === 0 && swarm.value?.unreachable.length === 0 && <Nothing what="No reminder is set" why="Agents set reminders instead of waiting; you see them here and may cancel them." />}
      {list.length > 0 && <ol class="past-list card" aria-label="Open reminders" data-testid="reminders">{list.map((reminder) => <Row key={reminder.id} reminder={reminder} />)}</ol>}
      {remindersTotal.value > list.length && <p class="dim centre">These are the soonest {list.length} of {remindersTotal.value}.</p>}
    </div>
  );
}

// What is open around one agent: its approvals, its questions to the operator, its reminders.
import { approvals } from "../state/approvals";
import { openQuestions } from "../state/questions";
import { reminders } from "../state/reminders";
import { looks } from "../decisions/status";
import { gist } from "../fleet/LatestMail";
import { Heading } from "../ui/Heading";
import { Left } from "../ui/Left";
import { StateMark } from "../ui/StateMark";

export function LooseEndsCard({ name }: { name: string }) {
  const ends = [
    ...openQuestions.value.filter((question) => question.asker === name).map((question) => ({ key: `q${question.id}`, shape: "bang", hue: "peach", href: "/decisions?view=questions", what: `asks: ${gist(question.question)}`, due: question.deadline } as const)),
    ...approvals.value.filter((approval) => approval.agent === name).map((approval) => ({ key: `a${approval.id}`, shape: looks[approval.status].shape, hue: looks[approval.status].hue, href: `/decisions?approval=${approval.id}`, what: `approval #${approval.id} ${looks[approval.status].word}`, due: null })),
    ...reminders.value.filter((reminder) => reminder.owner === name).map((reminder) => ({ key: `r${reminder.id}`, shape: reminder.state === "failed" ? "cross" : "ring", hue: reminder.state === "failed" ? "red" : "teal", href: "/decisions?view=reminders", what: `reminder: ${gist(reminder.message)}`, due: reminder.state === "failed" ? null : reminder.due } as const)),
  ];
  if (ends.length === 0) return null;
  return (
    <section class="mail-list card hue-peach" data-testid="loose-ends">
      <div class="kicker"><Heading plain="Loose ends" leet="L00S3" level={2}><span class="num dim">{ends.length}</span></Heading></div>
      <ul class="ends">
        {ends.map((end) => (
          <li key={end.key} class={`hue-${end.hue}`}><a href={end.href}><StateMark shape={end.shape} /><span class="clip grow">{end.what}</span>{end.due && <span class="dim num"><Left at={end.due} /></span>}</a></li>
        ))}
      </ul>
    </section>
  );
}

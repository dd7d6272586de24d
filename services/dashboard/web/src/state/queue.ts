// The one queue of what waits for the operator: what ends by itself first, the soonest before the others; then what holds
// somebody up, the oldest first; then mail.
import { computed } from "@preact/signals";
import type { Approval, Message, Question } from "../gen/wire";
import { pendingApprovals } from "./approvals";
import { forOperator } from "./messages";
import { shownQuestions, openQuestions } from "./questions";

export type Waiting =
  | { kind: "question"; key: string; since: string; deadline: string | null; question: Question }
  | { kind: "approval"; key: string; since: string; deadline: null; approval: Approval }
  | { kind: "mail"; key: string; since: string; deadline: null; message: Message };

export function inQueueOrder(list: readonly Waiting[]): Waiting[] {
  const due = (item: Waiting): number => (item.deadline === null ? Infinity : Date.parse(item.deadline));
  const rank = (a: Waiting, b: Waiting): number => {
    const [first, second] = [due(a), due(b)];
    if (first !== second) return first < second ? -1 : 1;
    if ((a.kind === "mail") !== (b.kind === "mail")) return a.kind === "mail" ? 1 : -1;
    return Date.parse(a.since) - Date.parse(b.since) || (a.key < b.key ? -1 : 1);
  };
  return [...list].sort(rank);
}

const ofQuestion = (question: Question): Waiting => ({ kind: "question", key: `question-${question.id}`, since: question.asked_at, deadline: question.deadline, question });
const ofApproval = (approval: Approval): Waiting => ({ kind: "approval", key: `approval-${approval.id}`, since: approval.requested_at, deadline: null, approval });
const ofMail = (message: Message): Waiting => ({ kind: "mail", key: `mail-${message.id}`, since: message.stored_at, deadline: null, message });

const rest = computed<Waiting[]>(() => [...pendingApprovals.value.map(ofApproval), ...forOperator.value.map(ofMail)]);

/** What really waits. */
export const waiting = computed(() => inQueueOrder([...openQuestions.value.map(ofQuestion), ...rest.value]));

/** The same with the questions that ended while the operator looked on, at the place that they had. */
export const queue = computed(() => inQueueOrder([...shownQuestions.value.map(ofQuestion), ...rest.value]));

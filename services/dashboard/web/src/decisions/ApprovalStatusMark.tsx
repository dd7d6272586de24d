// An approval's status: shape and word, and how long it has been so.
import type { Approval } from "../gen/wire";
import { Since } from "../ui/Time";
import { StateMark } from "../ui/StateMark";
import { looks, sinceWhen } from "./status";

export function ApprovalStatusMark({ approval }: { approval: Approval }) {
  const look = looks[approval.status];
  return (
    <span class={`state hue-${look.hue}`} data-testid="approval-status" data-status={approval.status}>
      <StateMark shape={look.shape} moving={approval.status === "building"} />
      <span class="word">{look.word}</span>
      <Since at={sinceWhen(approval)} />
    </span>
  );
}

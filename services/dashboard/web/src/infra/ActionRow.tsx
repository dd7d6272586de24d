// One action in the list: what it was, how it ended or how far it is, how long it took, who asked.
import type { ActionView } from "../gen/wire";
import { memo } from "../memo";
import { actionLook, took } from "../state/actions";
import { now } from "../state/clock";
import { Since } from "../ui/Time";
import { StateMark } from "../ui/StateMark";

export const ActionRow = memo(function ActionRow({ action, open, onOpen }: { action: ActionView; open: boolean; onOpen: () => void }) {
  const look = actionLook(action);
  return (
    <li>
      <button type="button" class={`act hue-${look.hue}`} aria-pressed={open} onClick={onOpen} data-testid={`action-${action.id}`} data-state={look.word} data-kind={action.kind}>
        <StateMark shape={look.shape} moving={look.moving} />
        <b>{action.kind}</b>
        <span class="clip">{look.word}{look.moving && action.step ? `: ${action.step}` : ""}</span>
        <span class="grow" />
        <span class="num dim">{took(action, action.ended_at ? 0 : now.value)}</span>
        <span class="act-more dim">{action.ended_at ? <><Since at={action.ended_at} suffix=" ago" /> · </> : ""}by {action.requested_by === "operator" ? "you" : action.requested_by}{action.approval != null && ` · #${action.approval}`}</span>
      </button>
    </li>
  );
});

// Where each event of the stream goes: the one place that joins the stream with the stores.
import { api, ApiError } from "../api";
import type {
  ApprovalEvent, DraftEvent, DraftRemovedEvent, LiveRowEvent, MessageEvent, PrintedEvent, QuestionEvent, ReceiptEvent, ReminderEvent, RolloutEvent, SwarmEvent,
  TileEvent, TileRemovedEvent, TombstoneEvent, TombstoneRemovedEvent,
} from "../gen/wire";
import { agentDrafts, dropDraft, putDraft } from "./agent_drafts";
import { dropAgent, putAgent, putAgents } from "./agents";
import { dropOldAnswers } from "./answers";
import { putApproval, putApprovals } from "./approvals";
import { loadWaiting, putInbox, putMessage, putReceipt, putSnapshot } from "./messages";
import { fillOutputs, putPrinted } from "./outputs";
import { putQuestion, putQuestions } from "./questions";
import { putReminder, putReminders } from "./reminders";
import { putRollout, putRollouts } from "./rollouts";
import { broken, loadError, swarm } from "./swarm";
import { fill, putLive } from "./terminals";
import { dropTombstone, putTombstone, putTombstones } from "./tombstones";
import type { Hooks } from "./stream";

type Typed<T extends { type?: string }> = T & { type: NonNullable<T["type"]> };
export type PageEvent =
  | Typed<TileEvent> | Typed<TileRemovedEvent> | Typed<MessageEvent> | Typed<ReceiptEvent> | Typed<LiveRowEvent> | Typed<SwarmEvent>
  | Typed<ApprovalEvent> | Typed<QuestionEvent> | Typed<DraftEvent> | Typed<DraftRemovedEvent> | Typed<ReminderEvent>
  | Typed<PrintedEvent> | Typed<RolloutEvent> | Typed<TombstoneEvent> | Typed<TombstoneRemovedEvent>;

export const hooks: Hooks = {
  async snapshot() {
    try {
      const taken = await api.snapshot();
      swarm.value = taken.swarm;
      putAgents(taken.agents);
      putSnapshot(taken.messages, taken.messages_more);
      putInbox(taken.inbox ?? [], taken.inbox_more ?? false);
      putApprovals(taken.approvals ?? [], taken.approvals_resolved ?? 0);
      putQuestions(taken.questions ?? []);
      agentDrafts.value = taken.drafts ?? [];
      putReminders(taken.reminders ?? [], taken.reminders_total ?? taken.reminders?.length ?? 0);
      putRollouts(taken.rollouts ?? []);
      putTombstones(taken.tombstones ?? []);
      broken.value = taken.broken ?? [];
      dropOldAnswers();
      loadError.value = null;
      void loadWaiting().catch(() => undefined); // the flow's own part is shown; the next snapshot asks again
      return taken.position;
    } catch (error) {
      if (error instanceof ApiError) loadError.value = error;
      throw error;
    }
  },
  event(event) {
    switch (event.type) {
      case "agent": return putAgent(event.agent);
      case "agent_removed": return dropAgent(event.name);
      case "message": return putMessage(event.message);
      case "receipt": return putReceipt(event.receipt);
      case "approval": return putApproval(event.approval, event.resolved);
      case "question": return putQuestion(event.question);
      case "draft": return putDraft(event.draft);
      case "draft_removed": return dropDraft(event.name);
      case "reminder": return putReminder(event.reminder, event.total);
      case "printed": return putPrinted(event.agent, event.action, event.lines);
      case "rollout": return putRollout(event.rollout);
      case "tombstone": return putTombstone(event.tombstone);
      case "tombstone_removed": return dropTombstone(event.name);
      case "live": return putLive(event.event);
      case "swarm": swarm.value = event.swarm;
    }
  },
  opened(agent) {
    if (agent) void fill(agent);
    fillOutputs();
  },
};

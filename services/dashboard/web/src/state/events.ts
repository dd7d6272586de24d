// Where each event of the stream goes: the one place that joins the stream with the stores.
import { api, ApiError } from "../api";
import type {
  LiveRowEvent, MessageEvent, ReceiptEvent, SwarmEvent, TileEvent, TileRemovedEvent,
} from "../gen/wire";
import { dropAgent, putAgent, putAgents } from "./agents";
import { loadWaiting, putMessage, putReceipt, putSnapshot } from "./messages";
import { loadError, swarm } from "./swarm";
import { fill, putLive } from "./terminals";
import type { Hooks } from "./stream";

type Typed<T extends { type?: string }> = T & { type: NonNullable<T["type"]> };
export type PageEvent =
  | Typed<TileEvent> | Typed<TileRemovedEvent> | Typed<MessageEvent> | Typed<ReceiptEvent> | Typed<LiveRowEvent> | Typed<SwarmEvent>;

export const hooks: Hooks = {
  async snapshot() {
    try {
      const taken = await api.snapshot();
      swarm.value = taken.swarm;
      putAgents(taken.agents);
      putSnapshot(taken.messages, taken.messages_more);
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
      case "live": return putLive(event.event);
      case "swarm": swarm.value = event.swarm;
    }
  },
  opened(agent) {
    if (agent) void fill(agent);
  },
};

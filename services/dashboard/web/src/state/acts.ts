// What the operator can do to an agent's container just now: what is blocked and why, and what asks for a confirmation.
import type { Tile } from "../gen/wire";
import type { AgentAction } from "../api";

export type ActId = Extract<AgentAction, "start" | "stop" | "restart" | "rebuild" | "update" | "kill"> | "destroy" | "purge";

export interface Act {
  id: ActId;
  /** Why it can't be done now. */
  blocked: string | null;
  /** What the operator should know before; null where it is done at once. */
  warning: string | null;
}

interface Around { asked?: string | null; away?: boolean }

const TURN = "A turn is running. It gets 30 s to end; what it didn't finish is handled again at the next start.";

function blocked(id: ActId, { name, view }: Tile, { asked = null, away = false }: Around): string | null {
  const up = view.container === "running";
  if ((id === "destroy" || id === "purge") && view.role === "manager") return "The manager can't be destroyed.";
  if (away) return "Lifecycle doesn't answer; what is shown may be old.";
  if (asked) return `${asked} was sent; its answer is on the way.`;
  if (view.transient) return `${name} is ${view.transient}; wait until that has ended.`;
  switch (id) {
    case "start":
      return up ? "It runs already." : null;
    case "stop":
      return up || (view.container === "crashed" && view.wanted) ? null : "It doesn't run.";
    case "restart":
      return up ? null : "It doesn't run; start it.";
    case "kill":
      return up ? null : "It doesn't run.";
    case "update":
      return view.needs_update ? null : "It has what is installed and approved.";
    default:
      return null;
  }
}

function warning(id: ActId, { status, signal, view }: Tile): string | null {
  const turning = signal === "live" && view.container === "running" && status?.turn != null;
  switch (id) {
    case "rebuild":
      return `Everything of it that lies on the host is made anew: configuration, mounts, credentials, container. Its state, login and history stay.${turning ? ` ${TURN}` : ""}`;
    case "kill":
      return `It ends at once, without time to put anything away.${turning ? " Its turn is lost; the turn's mail is handled again at the next start." : ""}`;
    case "stop": case "restart": case "update":
      return turning ? TURN : null;
    default:
      return null;
  }
}

export const act = (id: ActId, tile: Tile, around: Around = {}): Act => ({ id, blocked: blocked(id, tile, around), warning: warning(id, tile) });

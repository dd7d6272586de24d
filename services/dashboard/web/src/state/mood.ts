// An agent's two states in words, shapes and hues: its container's and its loop's, never merged into one.
import type { Tile } from "../gen/wire";

export type Shape = "dot" | "chevron" | "ring" | "bang" | "cross" | "bars" | "hatch" | "hollow" | "square" | "box" | "arc" | "tilde";
export type Hue = "mauve" | "blue" | "teal" | "green" | "red" | "peach" | "yellow" | "quiet";

export interface Mood {
  word: string;
  shape: Shape;
  hue: Hue;
  since: string;
  why: string | null;
  moving: boolean;
}

const mood = (word: string, shape: Shape, hue: Hue, since: string, why: string | null = null, moving = false): Mood => ({
  word, shape, hue, since, why, moving,
});

export function containerMood({ view }: Tile): Mood {
  if (view.transient) return mood(view.transient, "arc", "blue", view.transient_since ?? view.container_since, null, true);
  const since = view.container_since;
  switch (view.container) {
    case "running":
      return mood("running", "square", "green", since);
    case "crashed":
      return mood("crashed", "cross", "red", since, view.exit ?? null);
    case "absent":
      return mood("absent", "box", "quiet", since, "There is no container for it yet.");
    default:
      return mood("stopped", "box", "quiet", since, view.exit ?? null);
  }
}

/** Silence is a state of its own: an agent that isn't heard is never called idle. */
export function agentMood({ view, status, signal, signal_since }: Tile): Mood {
  if (signal === "no_signal") return mood("no signal", "hatch", "red", signal_since, "Its container runs, but nothing is heard from it.");
  if (signal === "down" || !status) return mood("offline", "hollow", "quiet", view.container_since);
  const { since, reason = null } = status;
  switch (status.state) {
    case "idle":
      return mood("idle", "dot", "quiet", since, reason);
    case "thinking":
      return mood("thinking", "chevron", "mauve", since, reason, true);
    case "compacting":
      return mood("compacting", "ring", "teal", since, reason, true);
    case "cancelling":
      return mood("cancelling", "cross", "peach", since, reason, true);
    case "parked":
      return mood("parked", "bars", "yellow", since, reason);
    case "needs_login":
      return mood("needs login", "bang", "peach", since, reason ?? "It has no login and no API key.");
    case "starting":
      return mood("starting", "arc", "blue", since, reason, true);
    default:
      return mood(status.state.replace("_", " "), "hollow", "quiet", since, reason);
  }
}

export const needsLogin = (tile: Tile): boolean => tile.status?.state === "needs_login" && tile.signal === "live";

// What was done to an agent: its last actions, asked for again whenever its container's view changes.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { ActionView, Tile } from "../gen/wire";
import { duration } from "../words";
import type { Hue, Shape } from "./mood";

const SOON = 1000; // one request for everything that is printed meanwhile

export class ActionsLog {
  readonly actions = signal<readonly ActionView[]>([]);
  readonly more = signal(false);
  readonly status = signal<"loading" | "ready" | "failed">("loading");
  readonly error = signal<ApiError | null>(null);
  private latest = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly agent: string) {}

  /** The newest page; older ones that were loaded stay. */
  async load(): Promise<void> {
    const asked = (this.latest += 1);
    await this.asking(async () => {
      const page = await api.actions(this.agent);
      if (asked !== this.latest) return; // a later answer is newer
      const fresh = new Set(page.actions.map((action) => action.id));
      const joined = this.actions.value.some((action) => fresh.has(action.id)); // otherwise there is a hole between them
      const held = joined ? this.actions.value.filter((action) => !fresh.has(action.id)) : [];
      if (held.length === 0) this.more.value = page.more ?? false;
      this.actions.value = [...page.actions, ...held];
      this.status.value = "ready";
    });
  }

  /** Something was printed: the list is read at once where it doesn't know the action, else soon, for its step. */
  heard(action: number): void {
    if (!this.actions.value.some((known) => known.id === action)) void this.load();
    else this.timer ??= setTimeout(() => { this.timer = undefined; void this.load(); }, SOON);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  async older(): Promise<void> {
    const oldest = this.actions.value.at(-1);
    if (!oldest) return;
    await this.asking(async () => {
      const page = await api.actions(this.agent, oldest.id);
      const known = new Set(this.actions.value.map((action) => action.id));
      this.actions.value = [...this.actions.value, ...page.actions.filter((action) => !known.has(action.id))];
      this.more.value = page.more ?? false;
    });
  }

  private async asking(request: () => Promise<void>): Promise<void> {
    try {
      await request();
      this.error.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
      if (this.status.value === "loading") this.status.value = "failed";
    }
  }
}

/** Changes whenever an action of that agent may have begun, gone on or ended. */
export const actionsKey = ({ view }: Tile): string =>
  [view.transient, view.transient_since, view.container, view.container_since, view.error, view.revision, view.approval].join("|");

export interface ActionLook { word: string; shape: Shape; hue: Hue; moving: boolean }

/** How an action is doing; one that failed is undone before it ends. */
export function actionLook({ ended_at, error }: ActionView): ActionLook {
  if (!ended_at) return error ? { word: "being undone", shape: "arc", hue: "red", moving: true } : { word: "under way", shape: "arc", hue: "blue", moving: true };
  return error ? { word: "failed", shape: "cross", hue: "red", moving: false } : { word: "done", shape: "square", hue: "green", moving: false };
}

/** How long it took, or has taken until `now` (ms). */
export const took = ({ begun_at, ended_at }: ActionView, now: number): string =>
  duration((ended_at ? Date.parse(ended_at) : now) - Date.parse(begun_at));

// What actions printed: each line once and in order; a hole in what comes live is filled from what is stored.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { ActionView, OutputLine } from "../gen/wire";
import { KEPT_LINES, Lines } from "./lines";

export class OutputLog {
  readonly lines = new Lines();
  readonly status = signal<"loading" | "ready" | "failed">("loading");
  readonly error = signal<ApiError | null>(null);
  readonly action = signal<ActionView | null>(null);
  /** Lines before the first that is held. */
  readonly before = signal(0);
  readonly total = signal(0);
  private last = 0;
  private filling = false;
  private again = false;

  constructor(readonly id: number) {}

  /** Takes lines that came live. Those already held are dropped; what lies before them is asked for. */
  take(lines: readonly OutputLine[]): void {
    const fresh = lines.filter((line) => line.n > this.last);
    const first = fresh[0];
    if (!first) return;
    if (this.status.value === "ready" && !this.filling && first.n === this.last + 1) this.put(fresh);
    else void this.fill();
  }

  /** Everything behind the last line that is held. */
  async fill(): Promise<void> {
    if (this.filling) return void (this.again = true);
    this.filling = true;
    try {
      do {
        this.again = false;
        await this.fetch();
      } while (this.again);
      this.status.value = "ready";
      this.error.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
      if (this.status.value === "loading") this.status.value = "failed";
    } finally {
      this.filling = false;
    }
  }

  private async fetch(): Promise<void> {
    for (let more = true; more; ) {
      const page = await api.output(this.id, this.last);
      this.action.value = page.action;
      const skip = (page.action.lines ?? 0) - KEPT_LINES;
      if (this.last < skip) {
        this.last = skip; // only the end of a long output is shown: no use in reading its beginning
        continue;
      }
      const fresh = page.lines.filter((line) => line.n > this.last);
      this.put(fresh);
      more = (page.more ?? false) && fresh.length > 0;
    }
  }

  private put(lines: readonly OutputLine[]): void {
    if (lines.length === 0) return;
    this.last = (lines.at(-1) as OutputLine).n;
    this.lines.append(lines);
    this.total.value = this.last;
    this.before.value = this.last - this.lines.length;
  }
}

const KEPT_LOGS = 4;
const logs = new Map<number, OutputLog>();

/** The output of an action; the last few that were looked at are held. */
export function outputOf(action: number): OutputLog {
  const log = logs.get(action) ?? new OutputLog(action);
  logs.delete(action);
  logs.set(action, log);
  const oldest = logs.keys().next().value;
  if (logs.size > KEPT_LOGS && oldest !== undefined) logs.delete(oldest);
  return log;
}

/** What was printed last: a sign of life of an action, which may have come to its next step. */
export const lastPrinted = signal<{ agent: string; action: number; n: number } | null>(null);

export function putPrinted(agent: string, action: number, lines: readonly OutputLine[]): void {
  logs.get(action)?.take(lines);
  const last = lines.at(-1);
  if (last) lastPrinted.value = { agent, action, n: last.n };
}

/** After a cut of the stream: nobody knows what was missed. */
export function fillOutputs(): void {
  for (const log of logs.values()) if (log.status.value !== "loading") void log.fill();
}

// One agent's journal: its last lines, then the next ones by long polls from a cursor, while somebody looks.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { LogsReply, LogUnit } from "../gen/wire";
import { Lines, readable } from "./lines";

const WAIT = 15; // seconds that one request may wait for a line
const PAGE = 1000; // lines of one answer
const QUICK = 500; // an empty answer sooner than this didn't wait
const PAUSE = 1000;
const PAUSE_MAX = 10_000;

const pause = (ms: number, signal: AbortSignal): Promise<void> => new Promise((done) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

export class Journal {
  readonly lines = new Lines();
  readonly status = signal<"loading" | "ready" | "failed">("loading");
  readonly error = signal<ApiError | null>(null);
  readonly following = signal(false);
  /** Older lines than the first were left out to keep the page in its limit. */
  readonly cut = signal(false);
  private cursor = "";
  private n = 0;
  private run: AbortController | null = null;

  constructor(readonly agent: string, readonly unit: LogUnit, readonly wanted: number) {}

  /** Reads the last lines anew in place of what is shown; a follower goes on from there. */
  load(): Promise<void> {
    return this.start(true, this.following.value);
  }

  /** Goes on behind the last line that is held, without a hole. */
  follow(): void {
    if (!this.following.value) void this.start(this.status.value !== "ready", true);
  }

  /** Ends the request under way; lines and cursor stay. */
  stop(): void {
    this.run?.abort();
    this.run = null;
    this.following.value = false;
  }

  private async start(anew: boolean, follow: boolean): Promise<void> {
    this.stop();
    const { signal } = (this.run = new AbortController());
    this.following.value = follow;
    let failed = 0;
    for (let begin = anew; !signal.aborted; ) {
      try {
        await (begin ? this.begin(signal) : this.next(signal));
        begin = false;
        failed = 0;
        if (!signal.aborted) this.error.value = null;
        if (!follow) return;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (signal.aborted) return;
        this.error.value = error;
        if (this.status.value === "loading") this.status.value = "failed";
        const final = error.status >= 400 && error.status < 500;
        if (!follow || final) return void (this.following.value = false);
        await pause(Math.min(PAUSE_MAX, PAUSE * 2 ** failed++), signal);
      }
    }
  }

  private async begin(signal: AbortSignal): Promise<void> {
    const reply = await api.logs(this.agent, { unit: this.unit, lines: this.wanted }, signal);
    if (signal.aborted) return;
    this.lines.clear();
    this.cut.value = reply.cut;
    this.take(reply);
    this.status.value = "ready";
  }

  private async next(signal: AbortSignal): Promise<void> {
    const asked = Date.now();
    const reply = await api.logs(this.agent, { unit: this.unit, after: this.cursor, wait: WAIT, lines: PAGE }, signal);
    if (signal.aborted) return;
    if (reply.cut) this.lines.append([{ n: (this.n += 1), text: "some lines were left out here", left: true }]);
    this.take(reply);
    if (reply.lines.length === 0 && Date.now() - asked < QUICK) await pause(PAUSE, signal);
  }

  private take(reply: LogsReply): void {
    this.cursor = reply.cursor || this.cursor;
    this.lines.append(reply.lines.map((text) => readable((this.n += 1), text)));
  }
}

// Agents' terminals: history and live rows, each event once by (epoch, n), cut into chunks that render on their own.
import { signal, type Signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { LiveEvent } from "../gen/wire";
import { isDetail, RowBuilder, type Row } from "./rows";

export interface Chunk {
  key: string;
  rows: Signal<readonly Row[]>;
}

const BUCKET = 64;

/** Numbers order one start's events; the clock orders those of different starts. */
export function order(a: LiveEvent, b: LiveEvent): number {
  if (a.epoch === b.epoch) return a.n - b.n;
  return a.at === b.at ? a.epoch - b.epoch : a.at < b.at ? -1 : 1;
}

export class TerminalLog {
  readonly chunks = signal<readonly Chunk[]>([]);
  readonly status = signal<"loading" | "ready" | "failed">("loading");
  readonly error = signal<ApiError | null>(null);
  readonly more = signal(false);
  readonly loadingOlder = signal(false);
  /** False while the rows come from a stopped agent's store. */
  readonly live = signal(true);
  /** Rows added at the end since the page opened: what "N new" counts. */
  readonly added = signal(0);
  /** Rows at or above this index's number came live and slide in. */
  readonly liveFrom = signal(Infinity);
  readonly total = signal(0);
  readonly opened = new Map<string, boolean>();

  private events: LiveEvent[] = [];
  private readonly seen = new Set<string>();
  private builder = new RowBuilder();
  private readonly chunkOf = new Map<string, Chunk>();
  private where: string[] = []; // row index → chunk key
  private starts: Record<string, number> = {};
  private readonly dirty = new Set<string>();
  private queue: LiveEvent[] = [];
  private painting = false;
  private filling = false;
  private again = false;
  private filledTo = -1;

  constructor(readonly agent: string) {}

  get newest(): LiveEvent | undefined {
    return this.events.at(-1);
  }

  /** Takes events in any order; those already known are dropped. */
  put(events: readonly LiveEvent[]): void {
    const fresh = events.filter((event) => {
      const id = `${event.epoch}:${event.n}`;
      if (this.seen.has(id)) return false;
      this.seen.add(id);
      return true;
    });
    if (fresh.length === 0) return;
    fresh.sort(order);
    const last = this.newest;
    const appended = !last || order(last, fresh[0] as LiveEvent) < 0;
    const rowsBefore = this.builder.rows.length;
    if (appended) {
      for (const event of fresh) {
        this.events.push(event);
        this.paint(this.builder.add(event));
      }
      this.flush(rowsBefore);
    } else {
      this.events = [...this.events, ...fresh].sort(order);
      this.rebuild();
    }
    this.total.value = this.builder.rows.length;
  }

  private keyFor(index: number): string {
    const row = this.builder.rows[index] as Row;
    const bucket = `${Math.floor(row.n / BUCKET)}`;
    const before = index > 0 ? this.where[index - 1] : undefined;
    if (before !== undefined && (before === bucket || before.startsWith(`${bucket}'`))) return before;
    let key = bucket;
    while (key in this.starts) key += "'";
    return key;
  }

  private paint(touched: readonly number[]): void {
    for (const index of touched) {
      if (this.where[index] === undefined) {
        const key = this.keyFor(index);
        this.where[index] = key;
        this.starts[key] ??= index;
      }
      this.dirty.add(this.where[index] as string);
    }
  }

  private slice(key: string): Row[] {
    const from = this.starts[key] as number;
    let to = from;
    while (to < this.where.length && this.where[to] === key) to += 1;
    return this.builder.rows.slice(from, to);
  }

  private flush(rowsBefore: number): void {
    const made: Chunk[] = [];
    for (const key of this.dirty) {
      const held = this.chunkOf.get(key);
      if (held) held.rows.value = this.slice(key);
      else {
        const chunk: Chunk = { key, rows: signal(this.slice(key)) };
        this.chunkOf.set(key, chunk);
        made.push(chunk);
      }
    }
    this.dirty.clear();
    if (made.length) this.chunks.value = [...this.chunks.value, ...made];
    this.added.value += this.builder.rows.slice(rowsBefore).filter((row) => !isDetail(row)).length;
  }

  /** Everything anew, keeping each chunk's identity, so that what is on the screen stays the same element. */
  private rebuild(): void {
    this.builder = new RowBuilder();
    this.where = [];
    this.starts = {};
    for (const event of this.events) this.paint(this.builder.add(event));
    this.dirty.clear();
    const keys = Object.entries(this.starts).sort((a, b) => a[1] - b[1]).map(([key]) => key);
    for (const key of [...this.chunkOf.keys()]) if (!(key in this.starts)) this.chunkOf.delete(key);
    this.chunks.value = keys.map((key) => {
      const held = this.chunkOf.get(key);
      const rows = this.slice(key);
      if (held) {
        held.rows.value = rows;
        return held;
      }
      const chunk: Chunk = { key, rows: signal(rows) };
      this.chunkOf.set(key, chunk);
      return chunk;
    });
  }

  /** A live event; several within one frame become one paint. A hole in the numbers is filled from history. */
  takeLive(event: LiveEvent): void {
    this.queue.push(event);
    if (this.painting) return;
    this.painting = true;
    const paint = (): void => {
      this.painting = false;
      const batch = this.queue;
      this.queue = [];
      this.live.value = true;
      const last = this.newest;
      const first = batch.reduce((a, b) => (order(a, b) <= 0 ? a : b));
      this.put(batch);
      const hole = last !== undefined && first.epoch === last.epoch && first.n > last.n + 1 && first.n > this.filledTo;
      if (hole) {
        this.filledTo = first.n;
        void this.fillHole(last.n);
      }
    };
    if (document.hidden) setTimeout(paint, 200);
    else requestAnimationFrame(paint);
  }

  private async fillHole(after: number): Promise<void> {
    try {
      await this.fillFrom(after);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
    }
  }

  private async fillFrom(after: number): Promise<void> {
    for (let from = after, more = true; more; ) {
      const page = await api.history(this.agent, { after: from });
      this.put(page.events);
      from = page.events.at(-1)?.n ?? from;
      more = page.more && page.events.length > 0;
    }
  }

  /** The last page at first; after a cut, everything since the newest that is held. */
  async fill(): Promise<void> {
    if (this.filling) {
      this.again = true;
      return;
    }
    this.filling = true;
    try {
      const newest = this.newest;
      const ready = this.status.value === "ready";
      if (ready && newest) await this.fillFrom(newest.n);
      else {
        const page = await api.history(this.agent, {});
        this.put(page.events);
        this.more.value = page.more;
        this.live.value = page.live;
        this.liveFrom.value = Date.now();
      }
      this.status.value = "ready";
      this.error.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
      if (this.status.value === "loading") this.status.value = "failed";
    } finally {
      this.filling = false;
      if (this.again) {
        this.again = false;
        void this.fill();
      }
    }
  }

  async older(): Promise<void> {
    const oldest = this.events[0];
    if (!oldest || !this.more.value || this.loadingOlder.value) return;
    this.loadingOlder.value = true;
    try {
      const page = await api.history(this.agent, { before: oldest.n });
      this.put(page.events);
      this.more.value = page.more && page.events.length > 0;
      this.error.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
    } finally {
      this.loadingOlder.value = false;
    }
  }
}

// One approval's diff as it is read: its pages loaded one after the other, put together file by file.
import { signal, type Signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Approval, DiffPage, DiffPart } from "../gen/wire";
import { DiffLines, type DiffLine } from "./diff";
import { noteShown, noteStale } from "./reviewed";

export interface ReviewFile extends Omit<DiffPart, "text" | "continues"> {
  lines: readonly DiffLine[];
  whole: boolean;
  /** Grows with each piece, so that a view knows that `lines` grew. */
  pieces: number;
}

export interface Shown { approval: Approval; hash: string; base: string | null; files: number; additions: number; deletions: number }

export class Review {
  readonly shown: Signal<Shown | null> = signal(null);
  readonly files: Signal<ReviewFile[]> = signal([]);
  readonly loading = signal(false);
  readonly complete = signal(false);
  readonly error: Signal<ApiError | null> = signal(null);
  /** It isn't what it was when the operator looked at it before. */
  readonly changed = signal(false);
  private parsers = new Map<number, DiffLines>();
  private run = 0;

  constructor(readonly id: number) {}

  /** Loads all pages; a page of another hash means that it changed meanwhile, and all begins anew. */
  async load(): Promise<void> {
    const run = ++this.run;
    this.loading.value = true;
    this.error.value = null;
    try {
      for (let tries = 0; tries < 4; tries += 1) if (await this.pages(run)) return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run === this.run) this.error.value = error;
    } finally {
      if (run === this.run) this.loading.value = false;
    }
  }

  close(): void {
    this.run += 1;
  }

  private async pages(run: number): Promise<boolean> {
    let page = await api.diff(this.id, null);
    if (run !== this.run) return true;
    this.begin(page);
    while (page.next !== null) {
      const next = await api.diff(this.id, page.next);
      if (run !== this.run) return true;
      if (next.hash !== page.hash) return false;
      page = next;
      this.take(page.parts);
    }
    this.complete.value = true;
    if (page.approval.status === "pending") noteShown(this.id, page.hash, true);
    return true;
  }

  private begin(page: DiffPage): void {
    const { approval, hash, base, files, additions, deletions } = page;
    const before = this.shown.value;
    this.parsers = new Map();
    this.files.value = [];
    this.complete.value = false;
    this.shown.value = { approval, hash, base, files, additions, deletions };
    if (approval.status === "pending") {
      const changed = noteShown(this.id, hash, page.next === null);
      if (changed || (before !== null && before.hash !== hash)) this.changed.value = true;
    }
    this.take(page.parts);
  }

  private take(parts: readonly DiffPart[]): void {
    const files = [...this.files.value];
    for (const { text, continues, ...part } of parts) {
      const parser = this.parsers.get(part.number) ?? new DiffLines();
      this.parsers.set(part.number, parser);
      parser.feed(text, !continues);
      const at = files.findIndex((file) => file.number === part.number);
      const held = at === -1 ? null : files[at];
      const file = { ...(held ?? part), lines: parser.lines, whole: !continues, pieces: (held?.pieces ?? 0) + 1 };
      if (at === -1) files.push(file);
      else files[at] = file;
    }
    this.files.value = files;
  }

  /** An event brought other words for what is shown (a warning more, another base): all is read again. */
  compare(told: Approval): void {
    const of = ({ commit, base, description, notes }: Approval): string => JSON.stringify([commit, base, description, notes]);
    if (this.shown.value && !this.loading.value && of(told) !== of(this.shown.value.approval)) void this.load();
  }

  /** The service said that it changed since it was shown: what was seen counts no longer. */
  async anew(): Promise<void> {
    noteStale(this.id);
    this.changed.value = true;
    await this.load();
  }
}

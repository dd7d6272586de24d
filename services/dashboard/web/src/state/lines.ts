// Lines that a program printed, the last so many of them, in blocks that render on their own.
import { signal } from "@preact/signals";

/** `raw` is the line as it was printed, where `text` says the same for people. */
export interface Line { n: number; text: string; at?: string; level?: string; raw?: string; left?: boolean }
export interface Block { key: number; lines: readonly Line[] }

export const KEPT_LINES = 5000;
const BLOCK = 100;

/** Colours and cursor moves are for terminals; the words are for us. */
export const bare = (text: string): string => text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g, "").replace(/\r$/, "");

const STRUCTURED = /^(?:[^{]*?: )?(\{"[\s\S]*\})$/; // what a journal puts before a line ends with a colon
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) (.*)$/s;
const KNOWN = new Set(["event", "level", "timestamp", "service"]);

function structured(n: number, raw: string): Line | null {
  const found = STRUCTURED.exec(raw)?.[1];
  if (!found) return null;
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(found) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { event, level, timestamp } = said;
  if (typeof event !== "string" || typeof timestamp !== "string" || Number.isNaN(Date.parse(timestamp))) return null;
  const word = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  const rest = Object.entries(said).filter(([key]) => !KNOWN.has(key)).map(([key, value]) => `${key}=${word(value)}`);
  return { n, raw, at: timestamp, level: typeof level === "string" ? level : "info", text: [event, ...rest].join("  ") };
}

/** A line of a program that logs JSON as time, level, event and `key=value`; a journal's with its time apart; others as they are. */
export function readable(n: number, printed: string): Line {
  const raw = bare(printed);
  const known = structured(n, raw);
  if (known) return known;
  const [, time, text] = STAMPED.exec(raw) ?? [];
  const at = time?.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"); // what systemd writes isn't what every browser reads
  return at !== undefined && text !== undefined && !Number.isNaN(Date.parse(at)) ? { n, raw, at, text } : { n, text: raw };
}

export class Lines {
  readonly blocks = signal<readonly Block[]>([]);
  /** How many were ever added: what "N new" counts. */
  readonly added = signal(0);
  /** How many of those are no longer held. */
  readonly dropped = signal(0);
  private held = 0;
  private made = 0;

  constructor(readonly limit = KEPT_LINES) {}

  get length(): number {
    return this.held;
  }

  append(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const over = Math.max(0, lines.length - this.limit);
    const fresh = lines.slice(over);
    const blocks = [...this.blocks.value];
    for (let from = 0; from < fresh.length; ) {
      const last = blocks.at(-1);
      const room = last ? BLOCK - last.lines.length : 0;
      const part = fresh.slice(from, from + (room || BLOCK));
      if (last && room > 0) blocks[blocks.length - 1] = { key: last.key, lines: [...last.lines, ...part] };
      else blocks.push({ key: (this.made += 1), lines: part });
      from += part.length;
    }
    this.held += fresh.length;
    this.trim(blocks);
    this.added.value += lines.length;
    this.dropped.value = this.added.value - this.held;
    this.blocks.value = blocks;
  }

  clear(): void {
    this.held = 0;
    this.added.value = 0;
    this.dropped.value = 0;
    this.blocks.value = [];
  }

  private trim(blocks: Block[]): void {
    for (let over = this.held - this.limit; over > 0; over = this.held - this.limit) {
      const first = blocks[0] as Block;
      const cut = Math.min(over, first.lines.length);
      if (cut === first.lines.length) blocks.shift();
      else blocks[0] = { key: first.key, lines: first.lines.slice(cut) };
      this.held -= cut;
    }
  }
}

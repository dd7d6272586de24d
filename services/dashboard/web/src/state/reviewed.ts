// What the operator has seen of each open approval: the hash of what was shown, whether all of it was there, which files
// are marked as viewed. Kept in this browser; what has another hash counts as never seen.
import { signal } from "@preact/signals";

export interface Reviewed { hash: string; complete: boolean; viewed: string[] }

const KEY = "hive.reviewed";

function stored(): Record<number, Reviewed> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<number, Reviewed>;
  } catch {
    return {};
  }
}

const all = signal<Record<number, Reviewed>>(typeof localStorage === "undefined" ? {} : stored());

const KEPT = 200; // the newest; what was resolved while no page was open goes at last

function put(next: Record<number, Reviewed>): void {
  const entries = Object.entries(next);
  all.value = entries.length > KEPT ? Object.fromEntries(entries.sort(([a], [b]) => Number(b) - Number(a)).slice(0, KEPT)) : next;
  localStorage.setItem(KEY, JSON.stringify(all.value));
}

export const reviewed = (id: number): Reviewed | null => all.value[id] ?? null;

/** Notes what was shown; true where the operator had seen something else before. */
export function noteShown(id: number, hash: string, complete: boolean): boolean {
  const held = all.value[id];
  const same = held?.hash === hash;
  if (!held || !same || complete !== held.complete) {
    put({ ...all.value, [id]: { hash, complete: complete || (same && held.complete), viewed: same ? held.viewed : [] } });
  }
  return held !== undefined && !same;
}

export function setViewed(id: number, path: string, on: boolean): void {
  const held = all.value[id];
  if (!held) return;
  const others = held.viewed.filter((other) => other !== path);
  put({ ...all.value, [id]: { ...held, viewed: on ? [...others, path] : others } });
}

/** What was seen of it counts no longer, but that something was seen is known. */
export function noteStale(id: number): void {
  if (all.value[id]) put({ ...all.value, [id]: { hash: "", complete: false, viewed: [] } });
}

export function forgetReview(id: number): void {
  const { [id]: gone, ...rest } = all.value;
  if (gone) put(rest);
}

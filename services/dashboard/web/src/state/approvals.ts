// Approvals: those that wait or are under way, the resolved ones page by page, and the operator's decisions on them.
import { computed, signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Approval, ApprovalStatus, BrokenRow, Decision, DecisionResult } from "../gen/wire";
import { forgetReview, noteStale, reviewed } from "./reviewed";

const FINAL: readonly ApprovalStatus[] = ["deployed", "failed", "denied", "superseded"];
export const isFinal = (approval: Approval): boolean => FINAL.includes(approval.status);

export const approvals = signal<Approval[]>([]);
export const resolvedCount = signal(0);
export const pendingApprovals = computed(() => approvals.value.filter((approval) => approval.status === "pending"));
export const underWay = computed(() => approvals.value.filter((approval) => approval.status !== "pending"));

/** The order of the steps: an answer may overtake events that came before it, and a step back is never taken. */
const step = (approval: Approval): number => (isFinal(approval) ? 3 : ["pending", "approved", "building"].indexOf(approval.status));

const oldestFirst = (a: Approval, b: Approval): number => a.id - b.id;

export function putApprovals(open: readonly Approval[], resolved: number): void {
  approvals.value = [...open].sort(oldestFirst);
  resolvedCount.value = resolved;
  if (history.value.loaded) void loadHistory();
}

export function putApproval(approval: Approval, resolved: number): void {
  const known = approvalNumbered(approval.id);
  if (known && step(approval) < step(known)) return;
  const others = approvals.value.filter((held) => held.id !== approval.id);
  approvals.value = isFinal(approval) ? others : [...others, approval].sort(oldestFirst);
  resolvedCount.value = resolved;
  decided.value = Object.fromEntries(Object.entries(decided.value).filter(([id]) => Number(id) !== approval.id || approval.status === "pending"));
  if (approval.status !== "pending") selected.value = new Set([...selected.value].filter((id) => id !== approval.id));
  if (isFinal(approval)) {
    forgetReview(approval.id);
    lately.value = { ...lately.value, [approval.id]: approval };
  }
  if (isFinal(approval) && history.value.loaded) {
    history.value = { ...history.value, list: [approval, ...history.value.list.filter((held) => held.id !== approval.id)] };
  }
}

/** Resolved since the page was opened, and what was looked up. */
const lately = signal<Record<number, Approval>>({});

export const approvalNumbered = (id: number): Approval | null =>
  lately.value[id] ?? approvals.value.find((held) => held.id === id) ?? history.value.list.find((held) => held.id === id) ?? null;

/** What became of an approval that left the queue while the page was away. */
export async function lookUp(id: number): Promise<void> {
  try {
    const approval = await api.approval(id);
    if (isFinal(approval)) lately.value = { ...lately.value, [id]: approval };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // its diff still says what it was
  }
}

interface History { list: Approval[]; broken: BrokenRow[]; before: string | null; more: boolean; loaded: boolean; loading: boolean; error: ApiError | null }
export const history = signal<History>({ list: [], broken: [], before: null, more: false, loaded: false, loading: false, error: null });

/** The last resolved ones; with `older` the page after those that are there. */
export async function loadHistory(older = false): Promise<void> {
  if (history.value.loading) return;
  history.value = { ...history.value, loading: true, error: null };
  try {
    const page = await api.approvalHistory(older ? history.value.before : null);
    const kept = older ? history.value.list : [];
    const known = new Set(kept.map((approval) => approval.id));
    history.value = {
      list: [...kept, ...page.approvals.filter((approval) => !known.has(approval.id))], broken: page.broken,
      before: page.before ?? null, more: page.more ?? false, loaded: true, loading: false, error: null,
    };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    history.value = { ...history.value, loading: false, error };
  }
}

/** How far the operator's own decision is: sent, or accepted by the service; its event then ends it. */
export const decided = signal<Record<number, "sending" | "accepted">>({});
/** Decisions that were refused, by approval, until the next attempt. */
export const decisionRefused = signal<Record<number, DecisionResult>>({});
/** What is ticked in the list, to be decided together. */
export const selected = signal<ReadonlySet<number>>(new Set());

export function select(id: number, on: boolean): void {
  const next = new Set(selected.value);
  if (on) next.add(id);
  else next.delete(id);
  selected.value = next;
}

function mark(ids: readonly number[], state: "sending" | "accepted" | null): void {
  const next = { ...decided.value };
  for (const id of ids) {
    if (state) next[id] = state;
    else delete next[id];
  }
  decided.value = next;
}

/** Sends one decision for all of `ids`; each carries the hash of what was shown of it. Throws what refuses all of it. */
export async function decide(decision: Decision, ids: readonly number[], reason: string): Promise<DecisionResult[]> {
  const items = ids.flatMap((id) => {
    const seen = reviewed(id);
    return seen?.complete ? [{ id, hash: seen.hash }] : [];
  });
  const [first, ...more] = items;
  if (!first) return [];
  decisionRefused.value = Object.fromEntries(Object.entries(decisionRefused.value).filter(([id]) => !ids.includes(Number(id))));
  mark(ids, "sending");
  try {
    const { results } = await api.decide({ decision, items: [first, ...more], reason: decision === "deny" ? reason : null });
    for (const result of results) take(result);
    return results;
  } catch (error) {
    mark(ids, null);
    throw error;
  }
}

function take(result: DecisionResult): void {
  const { id, ok, approval } = result;
  mark([id], ok && approvals.value.some((held) => held.id === id && held.status === "pending") ? "accepted" : null);
  if (result.code === "changed_since_shown") {
    noteStale(id);
    select(id, false);
  }
  if (!ok) decisionRefused.value = { ...decisionRefused.value, [id]: result };
  // Its event says the same, maybe before this answer: never take a step back.
  if (approval && isFinal(approval) && approvals.value.some((held) => held.id === id)) putApproval(approval, resolvedCount.value);
}

// Messages between the swarm's members: the live flow, its older pages, and what waits for the operator.
import { computed, signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Message, Receipt } from "../gen/wire";

export const OPERATOR = "operator";
const DEAD = "(dead letters)"; // kept beside the inboxes; no agent can be called so

export const flow = signal<Message[]>([]);
export const more = signal(false);
export const loadingOlder = signal(false);
export const olderError = signal<ApiError | null>(null);
/** How many messages came since the page was opened: what "N new" counts. */
export const arrived = signal(0);
/** The newest id that was there at the last snapshot: newer ones slide in. */
export const newestKnown = signal(0);

export function merge(held: readonly Message[], more: readonly Message[]): Message[] {
  const byId = new Map(held.map((message) => [message.id, message]));
  for (const message of more) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

/** A snapshot holds the newest messages. Older pages stay where they join it without a hole. */
export function putSnapshot(messages: readonly Message[], hasMore: boolean): void {
  const oldest = messages[0]?.id ?? 0;
  const joins = flow.value.some((message) => message.id >= oldest);
  const first = flow.value.length === 0;
  const before = flow.value.at(-1)?.id ?? 0;
  if (!joins || !hasMore) more.value = hasMore;
  flow.value = joins ? merge(flow.value, messages) : [...messages];
  if (!first) arrived.value += messages.filter((message) => message.id > before).length;
  else newestKnown.value = messages.at(-1)?.id ?? 0;
}

export function putMessage(message: Message): void {
  const last = flow.value.at(-1);
  if (!last || message.id > last.id) {
    flow.value = [...flow.value, message];
    arrived.value += 1;
  } else if (flow.value.some((held) => held.id === message.id) || message.id > (flow.value[0]?.id ?? 0)) {
    flow.value = merge(flow.value, [message]);
  }
}

export function putReceipt(receipt: Receipt): void {
  const put = (message: Message): Message => (message.id === receipt.id ? { ...message, ...receipt } : message);
  if (flow.value.some((message) => message.id === receipt.id)) flow.value = flow.value.map(put);
  if (thread.value) thread.value = { ...thread.value, messages: thread.value.messages.map(put) };
  let known = flow.value.some((message) => message.id === receipt.id);
  for (const [name, messages] of Object.entries(inboxes.value)) {
    if (!messages.some((message) => message.id === receipt.id)) continue;
    inboxes.value = { ...inboxes.value, [name]: messages.map(put) };
    known = true;
  }
  if (!known && receipt.state === "dead") void loadWaiting().catch(() => undefined); // its words are needed; the next snapshot asks again
}

export async function loadOlder(): Promise<void> {
  const oldest = flow.value[0];
  if (!oldest || !more.value || loadingOlder.value) return;
  loadingOlder.value = true;
  try {
    const page = await api.older(oldest.id);
    flow.value = merge(flow.value, page.messages);
    more.value = page.more;
    olderError.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    olderError.value = error;
  } finally {
    loadingOlder.value = false;
  }
}

/** Loads older pages until the message is there; false where it can't be had. */
export async function reach(id: number): Promise<boolean> {
  const there = (): boolean => flow.value.some((message) => message.id === id);
  while (!there() && more.value && id < (flow.value[0]?.id ?? 0) && !olderError.value) await loadOlder();
  return there();
}

/** One agent's recent mail, for its page; kept current from the flow. */
export const inboxes = signal<Record<string, Message[]>>({});

export async function loadInbox(name: string): Promise<void> {
  const page = await api.inbox(name);
  inboxes.value = { ...inboxes.value, [name]: page.messages };
}

export function inboxOf(name: string): Message[] {
  const live = flow.value.filter((message) => message.recipient === name);
  return merge(inboxes.value[name] ?? [], live);
}

/** The thread that is open beside the flow. */
export const thread = signal<{ of: number; messages: Message[]; loading: boolean; error: ApiError | null } | null>(null);

export async function openThread(of: number): Promise<void> {
  thread.value = { of, messages: thread.value?.of === of ? thread.value.messages : [], loading: true, error: null };
  try {
    const { messages } = await api.thread(of);
    if (thread.value?.of === of) thread.value = { of, messages, loading: false, error: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (thread.value?.of === of) thread.value = { ...thread.value, loading: false, error };
  }
}

/** A thread that is open follows new replies to its messages. */
export const openThreadNow = computed(() => {
  const open = thread.value;
  if (!open) return null;
  const ids = new Set(open.messages.map((message) => message.id));
  const replies = flow.value.filter((message) => {
    const part = ids.has(message.id) || (message.in_reply_to != null && ids.has(message.in_reply_to));
    if (part) ids.add(message.id);
    return part;
  });
  return { ...open, messages: merge(open.messages, replies) };
});

const waits = (message: Message): boolean => message.state === "pending" || message.state === "in_flight";
export const forOperator = computed(() => inboxOf(OPERATOR).filter(waits));
export const dead = computed(() => merge(inboxes.value[DEAD] ?? [], flow.value).filter((message) => message.state === "dead"));

/** Older mail to the operator waits too, more than a snapshot holds. */
export const moreWaits = signal(false);

/** Mail to the operator that is not handled, as the snapshot has it; what else was loaded of it stays. */
export function putInbox(unhandled: readonly Message[], more: boolean): void {
  moreWaits.value = more;
  const ids = new Set(unhandled.map((message) => message.id));
  const rest = (inboxes.value[OPERATOR] ?? []).filter((message) => !waits(message) && !ids.has(message.id));
  inboxes.value = { ...inboxes.value, [OPERATOR]: [...rest, ...unhandled] };
}

/** Dead letters that are older than the flow that the page holds. */
export async function loadWaiting(): Promise<void> {
  const letters = await api.dead();
  inboxes.value = { ...inboxes.value, [DEAD]: letters.messages };
}

/** Older mail to the operator, handled or not, page by page. */
export const olderMail = signal<{ more: boolean; loading: boolean; error: ApiError | null }>({ more: true, loading: false, error: null });
let oldestMail: number | null = null;

export async function loadOlderMail(): Promise<void> {
  if (olderMail.value.loading) return;
  olderMail.value = { ...olderMail.value, loading: true, error: null };
  try {
    const page = await api.toOperator(oldestMail);
    oldestMail = page.messages[0]?.id ?? oldestMail;
    inboxes.value = { ...inboxes.value, [OPERATOR]: merge(page.messages, inboxes.value[OPERATOR] ?? []) };
    if (!page.more) moreWaits.value = false;
    olderMail.value = { more: page.more, loading: false, error: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    olderMail.value = { ...olderMail.value, loading: false, error };
  }
}

/** Refusals of what the operator did with one message. */
export const mailErrors = signal<Record<number, ApiError>>({});

export async function mail(id: number, verb: "handled" | "retry" | "dismiss"): Promise<void> {
  const { [id]: _old, ...rest } = mailErrors.value;
  mailErrors.value = rest;
  try {
    await api.mail(id, verb);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    mailErrors.value = { ...mailErrors.value, [id]: error };
  }
}

// Which mail to the operator was really seen on a visible page; told to the broker in batches.
import { api } from "../api";
import type { Message } from "../gen/wire";
import { OPERATOR } from "./messages";

const SOON = 300; // so that one request carries what was scrolled past
const AGAIN = 2000; // after a failure

const told = new Set<number>();
const waiting = new Set<number>();
const visible = new Map<number, Set<Element>>(); // a message may stand in two lists, of which one is scrolled away
let timer: ReturnType<typeof setTimeout> | undefined;

export const unseen = (message: Message): boolean =>
  message.recipient === OPERATOR && message.state === "pending" && !told.has(message.id);

async function tell(): Promise<void> {
  timer = undefined;
  if (document.hidden || waiting.size === 0) return;
  const ids = [...waiting].slice(0, 500);
  for (const id of ids) {
    waiting.delete(id);
    told.add(id);
  }
  try {
    await api.shown(ids);
  } catch {
    for (const id of ids) {
      told.delete(id);
      if (visible.has(id)) waiting.add(id);
    }
    tellIn(AGAIN);
  }
  tellIn(SOON);
}

function tellIn(milliseconds: number): void {
  if (waiting.size > 0 && timer === undefined) timer = setTimeout(() => void tell(), milliseconds);
}

function appear(element: Element, id: number): void {
  visible.set(id, (visible.get(id) ?? new Set()).add(element));
  waiting.add(id);
}

function disappear(element: Element, id: number): void {
  const left = visible.get(id);
  left?.delete(element);
  if (left?.size) return;
  visible.delete(id);
  waiting.delete(id);
}

const byElement = new WeakMap<Element, number>();
const observer = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const id = byElement.get(entry.target);
    if (id === undefined) continue;
    if (entry.isIntersecting) appear(entry.target, id);
    else disappear(entry.target, id);
  }
  tellIn(SOON);
}, { threshold: 0.3 });

if (typeof document !== "undefined") {
  document.addEventListener("visibilitychange", () => void tell());
}

/** Watches a message's element until the returned function is called. */
export function watchShown(element: Element, id: number): () => void {
  byElement.set(element, id);
  observer?.observe(element);
  return () => {
    observer?.unobserve(element);
    disappear(element, id);
  };
}

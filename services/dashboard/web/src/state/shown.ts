// Which mail to the operator was really seen on a visible page; told to the broker in batches.
import { api } from "../api";
import type { Message } from "../gen/wire";
import { OPERATOR } from "./messages";

const told = new Set<number>();
const waiting = new Set<number>();
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
    for (const id of ids) told.delete(id); // it was seen but couldn't be told; the next time it is seen tells it
  }
}

const byElement = new WeakMap<Element, number>();
const observer = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const id = byElement.get(entry.target);
    if (id === undefined) continue;
    if (entry.isIntersecting) waiting.add(id);
    else waiting.delete(id);
  }
  if (waiting.size > 0 && timer === undefined) timer = setTimeout(() => void tell(), 300);
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
    waiting.delete(id);
  };
}

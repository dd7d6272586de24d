// `@name` in what one writes: who is meant, and which names go with what is typed so far.
import type { Completion } from "../ui/Entry";

/** A leading `@name` followed by space turns the message to that name. */
export function redirect(text: string, known: readonly string[]): { to: string; body: string } | null {
  const found = /^@([a-z][a-z0-9-]*)\s+/.exec(text);
  return found?.[1] && known.includes(found[1]) ? { to: found[1], body: text.slice(found[0].length) } : null;
}

/** A leading name that nobody has: the broker refuses it, rather than the message going to someone else. */
export function meant(text: string): { to: string; body: string } | null {
  const found = /^@([A-Za-z0-9_-]+)(?:\s+|$)/.exec(text);
  return found?.[1] ? { to: found[1], body: text.slice(found[0].length) } : null;
}

export function completeNames(before: string, known: readonly string[], hint: (name: string) => string): Completion | null {
  const found = /(^|\s)@([a-z0-9-]*)$/.exec(before);
  if (!found) return null;
  const typed = found[2] ?? "";
  const options = known.filter((name) => name.startsWith(typed)).slice(0, 8);
  return { from: before.length - typed.length - 1, options: options.map((name) => ({ label: `@${name}`, hint: hint(name), insert: `@${name} ` })) };
}

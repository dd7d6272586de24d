// The prompt line's slash commands: which there are, and what a line asks for.
import type { Completion } from "../ui/Entry";

export const COMMANDS = [
  { name: "model", usage: "/model NAME", does: "use another model from the next turn on" },
  { name: "compact", usage: "/compact", does: "make the conversation shorter" },
  { name: "cancel", usage: "/cancel", does: "interrupt the running turn" },
  { name: "new", usage: "/new", does: "begin the next turn without the old conversation" },
  { name: "help", usage: "/help", does: "list these commands" },
] as const;

export type Line =
  | { is: "mail"; body: string }
  | { is: "model"; model: string }
  | { is: "compact" | "cancel" | "new" | "help" }
  | { is: "wrong"; why: string };

export function read(text: string): Line {
  const line = text.trim();
  if (!line.startsWith("/")) return { is: "mail", body: text };
  const [word = "", ...rest] = line.slice(1).split(/\s+/);
  const known = COMMANDS.find((command) => command.name === word);
  if (!known) return { is: "wrong", why: `There is no command /${word}. /help lists them.` };
  if (known.name === "model") {
    const [model] = rest;
    return model && rest.length === 1 ? { is: "model", model } : { is: "wrong", why: "Say which: /model NAME" };
  }
  return rest.length > 0 ? { is: "wrong", why: `/${word} takes nothing after it.` } : { is: known.name };
}

export function completeCommands(before: string): Completion | null {
  const found = /^\/([a-z]*)$/.exec(before);
  if (!found) return null;
  const options = COMMANDS.filter((command) => command.name.startsWith(found[1] ?? "") && command.name !== found[1]);
  return { from: 0, options: options.map(({ name, usage, does }) => ({ label: usage, hint: does, insert: name === "model" ? "/model " : `/${name}` })) };
}

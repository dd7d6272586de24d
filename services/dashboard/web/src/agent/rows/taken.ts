// The messages in what the `recv` tool gave: as data, or as the text that Claude read.
export interface Taken { id: number | null; sender: string; body: string }

/** One message of the text form: lines of ours, an empty line, the body; `lines: N` tells how long a tricky body is. */
function one(lines: readonly string[], from: number): { message: Taken; end: number } | null {
  const sender = /^from: (\S+)$/.exec(lines[from] ?? "")?.[1];
  if (!sender) return null;
  let at = from;
  let id: number | null = null;
  let length: number | null = null;
  for (; at < lines.length && lines[at] !== ""; at += 1) {
    id = Number(/^message: #(\d+)$/.exec(lines[at] ?? "")?.[1] ?? NaN) || id;
    length = Number(/^lines: (\d+)/.exec(lines[at] ?? "")?.[1] ?? NaN) || length;
  }
  const start = at + 1;
  const next = lines.findIndex((line, i) => i >= start && line === "---");
  const end = length !== null ? start + length : next === -1 ? lines.length : next;
  return { message: { id, sender, body: lines.slice(start, end).join("\n").trim() }, end };
}

function fromText(text: string): Taken[] | null {
  const lines = text.split("\n");
  if (lines[0] === "No new messages.") return [];
  const found: Taken[] = [];
  let at = lines[0]?.startsWith("from: ") ? 0 : lines.indexOf("---") + 1;
  while (at < lines.length) {
    const next = one(lines, at);
    if (!next) return found.length > 0 ? found : null;
    found.push(next.message);
    const mark = lines.indexOf("---", next.end);
    if (mark === -1) break;
    at = mark + 1;
  }
  return found.length > 0 ? found : null;
}

/** Null where the text is neither: then it is shown as it is. */
export function taken(text: string): Taken[] | null {
  if (!text.trimStart().startsWith("{")) return fromText(text);
  try {
    const { messages } = JSON.parse(text) as { messages?: Record<string, unknown>[] };
    return messages?.map(({ id, sender, body }) => ({ id: typeof id === "number" ? id : null, sender: String(sender), body: String(body) })) ?? null;
  } catch {
    return null;
  }
}

// Markdown of any length: a long one is cut until the reader asks for the rest; what was opened stays open.
import { signal } from "@preact/signals";
import { bytes } from "../words";
import { Markdown } from "../ui/Markdown";

const opened = signal<ReadonlySet<string>>(new Set());
const CHARS = 3000;
const LINES = 30;

export function LongText({ id, text }: { id: string; text: string }) {
  const end = cutAt(text);
  if (end === null || opened.value.has(id)) return <Markdown text={text} />;
  return (
    <>
      <Markdown text={`${text.slice(0, end)}…`} />
      <button type="button" class="btn small" onClick={() => (opened.value = new Set([...opened.value, id]))}>Show all, {bytes(text.length)}</button>
    </>
  );
}

export function cutAt(text: string): number | null {
  let at = -1;
  for (let line = 0; line < LINES; line += 1) {
    at = text.indexOf("\n", at + 1);
    if (at === -1) return text.length > CHARS * 1.2 ? CHARS : null;
    if (at > CHARS) return CHARS;
  }
  return text.length - at < 200 ? null : at;
}

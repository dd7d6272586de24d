// Characters that a reader can't see or that reorder what he sees, written out: nothing hides in a diff or a name.

/** Of several kinds: controls, formats (bidi, zero-width, tags), private use, lone surrogates, blanks that are no space. */
const ODD = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
const EACH = new RegExp(ODD.source, "gu");

const NAMES: Record<number, string> = {
  0x0: "NUL", 0x8: "backspace", 0xb: "vertical tab", 0xc: "form feed", 0xd: "carriage return", 0x1b: "escape", 0x7f: "delete", 0xa0: "no-break space", 0xad: "soft hyphen",
  0x61c: "Arabic letter mark", 0x200b: "zero-width space", 0x200c: "zero-width non-joiner", 0x200d: "zero-width joiner",
  0x200e: "left-to-right mark", 0x200f: "right-to-left mark", 0x202a: "left-to-right embedding", 0x202b: "right-to-left embedding",
  0x202c: "end of embedding", 0x202d: "left-to-right override", 0x202e: "right-to-left override", 0x2060: "word joiner",
  0x2066: "left-to-right isolate", 0x2067: "right-to-left isolate", 0x2068: "first strong isolate", 0x2069: "end of isolate", 0xfeff: "byte order mark",
};

export interface Odd { mark: string; name: string }
export type Piece = string | Odd;

export const hasOdd = (text: string): boolean => {
  for (const found of text.matchAll(EACH)) if (found[0] !== "\t" && found[0] !== "\n") return true;
  return false;
};

function odd(char: string): Odd {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  return { mark: `⟨U+${hex}⟩`, name: NAMES[code] ?? "a character that can't be seen" };
}

/** The text in pieces: what reads as it is, and marks for the rest. Tabs and line ends stay. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(EACH)) {
    if (match[0] === "\t" || match[0] === "\n") continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(odd(match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

/** The same as one string, for titles and labels. */
export const plain = (text: string): string => pieces(text).map((piece) => (typeof piece === "string" ? piece : piece.mark)).join("");

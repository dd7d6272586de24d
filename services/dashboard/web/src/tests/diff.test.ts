// Lines of a unified diff and their kinds; characters that hide.
import { describe, expect, test } from "vitest";
import { DiffLines } from "../state/diff";
import { hasOdd, pieces, plain } from "../state/visible";

const DIFF = `diff --git a/agent.toml b/agent.toml
--- a/agent.toml
+++ b/agent.toml
@@ -1,3 +1,3 @@ [tools]
 same
--- removed, not a header
+++ added, not a header
 
@@ -9 +9 @@
-last
+LAST
\\ No newline at end of file
`;

const read = (text: string, size = text.length) => {
  const parser = new DiffLines();
  for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size), at + size >= text.length);
  return parser.lines;
};

describe("a diff's lines", () => {
  test("are classified by where they stand, not by how they begin", () => {
    expect(read(DIFF).map((line) => line.kind)).toEqual([
      "header", "header", "header", "hunk", "same", "del", "add", "same", "hunk", "del", "add", "note",
    ]);
  });

  test("have the numbers of both sides", () => {
    const lines = read(DIFF);
    expect(lines.map((line) => [line.old, line.new]).slice(4, 8)).toEqual([[1, 1], [2, null], [null, 2], [3, 3]]);
    expect(lines[9]).toMatchObject({ old: 9, new: null });
    expect(lines[10]).toMatchObject({ old: null, new: 9 });
  });

  test.each([1, 2, 7, 64])("don't depend on where pages cut them (pieces of %i)", (size) => {
    expect(read(DIFF, size)).toEqual(read(DIFF));
  });

  test("hold every character of the diff", () => {
    expect(`${read(DIFF).map((line) => line.text).join("\n")}\n`).toBe(DIFF);
    expect(read("+no end").map((line) => line.text)).toEqual(["+no end"]);
  });

  test("of a binary patch are its data", () => {
    expect(read("diff --git a/x b/x\nGIT binary patch\nliteral 3\nKcmZ\n").map((line) => line.kind)).toEqual(["header", "binary", "binary", "binary"]);
  });
});

describe("characters that hide", () => {
  test.each([
    ["a right-to-left override", "a\u202eb", "a⟨U+202E⟩b"],
    ["an isolate", "\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"],
    ["a zero-width space", "ad\u200bmin", "ad⟨U+200B⟩min"],
    ["a byte order mark", "\ufeffx", "⟨U+FEFF⟩x"],
    ["an escape sequence", "\u001b[31mred", "⟨U+001B⟩[31mred"],
    ["a carriage return", "shown\rhidden", "shown⟨U+000D⟩hidden"],
    ["NUL", "a\0b", "a⟨U+0000⟩b"],
    ["a no-break space", "a\u00a0b", "a⟨U+00A0⟩b"],
    ["a tag character", "x\u{e0041}", "x⟨U+E0041⟩"],
    ["a Hangul filler", "x\u3164y", "x⟨U+3164⟩y"],
    ["a soft hyphen", "x\u00ady", "x⟨U+00AD⟩y"],
    ["a line separator", "x\u2028y", "x⟨U+2028⟩y"],
    ["a lone surrogate", "x\ud800y", "x⟨U+D800⟩y"],
  ])("%s is written out", (_what, text, seen) => {
    expect(hasOdd(text)).toBe(true);
    expect(plain(text)).toBe(seen);
  });

  test("plain text, tabs, line ends, letters of any script stay as they are", () => {
    for (const text of ["plain", "a\tb", "a\nb", "naïve", "日本", "שלום", "🐝"]) {
      expect(hasOdd(text)).toBe(false);
      expect(pieces(text)).toEqual([text]);
    }
  });
});

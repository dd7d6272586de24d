// A unified diff as lines, each classified by where it stands: inside a hunk its first sign counts, outside it is header.

export type LineKind = "header" | "hunk" | "add" | "del" | "same" | "note" | "binary";
export interface DiffLine { kind: LineKind; text: string; old: number | null; new: number | null }

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Takes one file's diff piece by piece, as pages bring it; a piece may end inside a line. */
export class DiffLines {
  readonly lines: DiffLine[] = [];
  private rest = "";
  private old = 0;
  private new = 0;
  private oldLeft = 0;
  private newLeft = 0;
  private binary = false;

  feed(text: string, last: boolean): void {
    const all = this.rest + text;
    const parts = all.split("\n");
    this.rest = parts.pop() ?? "";
    for (const line of parts) this.lines.push(this.classify(line));
    if (last && this.rest !== "") {
      this.lines.push(this.classify(this.rest));
      this.rest = "";
    }
  }

  /** The hunk's own counts say where it ends: a removed line `-- a/x` must not pass for a header. */
  private classify(text: string): DiffLine {
    if (text.startsWith("\\")) return { kind: "note", text, old: null, new: null };
    if (this.oldLeft > 0 || this.newLeft > 0) return this.inside(text);
    const hunk = HUNK.exec(text);
    if (hunk) {
      this.old = Number(hunk[1]);
      this.oldLeft = Number(hunk[2] ?? 1);
      this.new = Number(hunk[3]);
      this.newLeft = Number(hunk[4] ?? 1);
      return { kind: "hunk", text, old: null, new: null };
    }
    if (text === "GIT binary patch") this.binary = true;
    return { kind: this.binary ? "binary" : "header", text, old: null, new: null };
  }

  private inside(text: string): DiffLine {
    if (text.startsWith("+")) {
      this.newLeft -= 1;
      return { kind: "add", text, old: null, new: this.new++ };
    }
    if (text.startsWith("-")) {
      this.oldLeft -= 1;
      return { kind: "del", text, old: this.old++, new: null };
    }
    this.oldLeft -= 1;
    this.newLeft -= 1;
    return { kind: "same", text, old: this.old++, new: this.new++ };
  }
}

// One file of a proposal: what happens to it, every line, and the mark that it was viewed.
import { useMemo, useState } from "preact/hooks";
import { memo } from "../memo";
import type { ReviewFile } from "../state/review";
import { setViewed } from "../state/reviewed";
import { plain } from "../state/visible";
import { Exact } from "../ui/Exact";
import { Icon } from "../ui/Icon";
import { DiffBlock, BLOCK } from "./DiffBlock";
import { fileAnchor } from "./useReviewKeys";

interface Props { id: number; file: ReviewFile; at: number; viewed: boolean; here: boolean; pending: boolean; onHere: (at: number) => void }

const hues = { added: "green", deleted: "red", modified: "blue", renamed: "yellow" } as const;
const EAGER = 4000; // more lines than this are drawn only near the window

const modeWord = (mode: string | null): string => (mode === null ? "none" : mode);

export const FileDiff = memo(function FileDiff({ id, file, at, viewed, here, pending, onHere }: Props) {
  const [unfolded, setUnfolded] = useState<boolean | null>(null);
  const open = unfolded ?? !viewed;
  const { path, old_path, status, old_mode, new_mode, binary, additions, deletions, lines } = file;
  const moded = status !== "added" && status !== "deleted" && old_mode !== new_mode && old_mode !== null && new_mode !== null;
  const blocks = useMemo(() => Array.from({ length: Math.ceil(lines.length / BLOCK) }, (_, i) => lines.slice(i * BLOCK, (i + 1) * BLOCK)), [lines, file.pieces]);
  return (
    <section class={`file card${here ? " here" : ""}`} aria-label={plain(path)} data-testid="file" data-path={path} data-status={status}>
      <header class="file-head" id={fileAnchor(file.number)} tabIndex={-1} onFocus={() => onHere(at)}>
        <button type="button" class="btn quiet small fold-btn" aria-expanded={open} aria-label={open ? "Fold" : "Unfold"} onClick={() => setUnfolded(!open)}><Icon name={open ? "down" : "fold"} size={12} /></button>
        <span class={`tag status hue-${hues[status]}`}>{status}</span>
        <span class="file-path mono" dir="ltr">{old_path !== null && old_path !== path && <><Exact text={old_path} /> <span class="dim" aria-label="renamed to">→</span> </>}<Exact text={path} /></span>
        {moded && <span class="tag warn hue-yellow" data-testid="mode">mode {modeWord(old_mode)} → {modeWord(new_mode)}</span>}
        {status === "added" && new_mode === "100755" && <span class="tag warn hue-yellow" data-testid="mode">executable</span>}
        {binary && <span class="tag warn hue-yellow" data-testid="binary">binary</span>}
        <span class="grow" />
        <span class="num"><span class="plus">+{additions}</span> <span class="minus">−{deletions}</span></span>
        {pending && (
          <label class="viewed">
            <input type="checkbox" checked={viewed} onChange={(event) => { setUnfolded(null); setViewed(id, path, event.currentTarget.checked); }} data-testid="viewed-box" />
            <span>viewed</span>
          </label>
        )}
      </header>
      {open && (
        <div class="lines" tabIndex={0} role="region" aria-label={`Diff of ${plain(path)}`} data-testid="lines" dir="ltr">
          <div class="lines-in">
            {blocks.map((block, i) => <DiffBlock key={i} lines={block} size={block.length} eager={lines.length <= EAGER} />)}
            {!file.whole && <p class="dim centre">More of this file is being loaded…</p>}
          </div>
        </div>
      )}
    </section>
  );
});

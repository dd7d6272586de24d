// The files of a proposal, with which of them are marked as viewed.
import type { ReviewFile } from "../state/review";
import { Exact } from "../ui/Exact";
import { Icon } from "../ui/Icon";
import { showFile } from "./useReviewKeys";

interface Props { files: readonly ReviewFile[]; viewed: ReadonlySet<string>; here: number; total: number; onPick: (at: number) => void }

export function FileList({ files, viewed, here, total, onPick }: Props) {
  const n = files.filter((file) => viewed.has(file.path)).length;
  return (
    <nav class="file-list card" aria-label="Files">
      <p class="kicker"><span data-testid="viewed">viewed {n} of {total}</span><span class="grow" /><span class="dim keys"><kbd>j</kbd> <kbd>k</kbd> <kbd>v</kbd></span></p>
      <ol>
        {files.map((file, i) => (
          <li key={file.number}>
            <button type="button" class="file-link" aria-current={here === i ? "true" : undefined} onClick={() => { onPick(i); showFile(file); }} data-testid="file-link">
              <span class={`file-check${viewed.has(file.path) ? " on" : ""}`}>{viewed.has(file.path) ? <><Icon name="check" size={12} /><span class="sr">viewed: </span></> : null}</span>
              <span class="mono clip" dir="ltr"><Exact text={file.path} /></span>
              <span class="num file-size"><span class="plus">+{file.additions}</span> <span class="minus">−{file.deletions}</span></span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

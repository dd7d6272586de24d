// Files that a message names: each a line that opens into the beginning of the file as it is now.
import type { FileRef } from "../gen/wire";
import { previewOf, togglePreview } from "../state/previews";
import { bytes } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Exact } from "../ui/Exact";
import { Icon } from "../ui/Icon";

function FileLine({ message, number, file }: { message: number; number: number; file: FileRef }) {
  const { open, file: loaded, error, loading } = previewOf(message, number);
  const name = file.path.split("/").at(-1) || file.path;
  return (
    <li class="file-ref">
      <button type="button" class="file-ref-head" aria-expanded={open} onClick={() => void togglePreview(message, number)} data-testid="file-ref" title={file.path}>
        <Icon name={open ? "down" : "fold"} size={12} /><Icon name="file" size={12} />
        <span class="mono clip"><Exact text={name} /></span>
        <span class="dim num">{bytes(file.size)}</span>
      </button>
      {open && (
        <div class="file-ref-body" data-testid="file-preview">
          {loading && <p class="dim" role="status">Reading…</p>}
          {error && <ErrorNote error={error} />}
          {loaded && loaded.text === null && <p class="dim">This is no text ({bytes(loaded.size)}); it can't be shown.</p>}
          {loaded && loaded.text !== null && <pre class="out" tabIndex={0} aria-label={`The file ${name}`}><Exact text={loaded.text} /></pre>}
          {loaded?.cut && <p class="dim" data-testid="file-cut">Only its beginning: the file has {bytes(loaded.size)}.</p>}
        </div>
      )}
    </li>
  );
}

export function FileRefs({ message, files }: { message: number; files: readonly FileRef[] }) {
  if (files.length === 0) return null;
  return <ul class="file-refs" aria-label="Files">{files.map((file, i) => <FileLine key={i} message={message} number={i} file={file} />)}</ul>;
}

// What is deployed of an agent's configuration: its files, read on demand, never written here.
import { useEffect, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import type { ConfigFile } from "../gen/wire";
import { ErrorNote } from "../ui/ErrorNote";
import { Exact } from "../ui/Exact";

/** Read when it appears, and again when another revision is deployed. */
export function ConfigFiles({ name, revision }: { name: string; revision: string | null }) {
  const [path, setPath] = useState("agent.nix");
  const [file, setFile] = useState<ConfigFile | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let current = true;
    setError(null);
    api.config(name, path).then((read) => current && setFile(read), (problem: unknown) => {
      if (!(problem instanceof ApiError)) throw problem;
      if (current) setError(problem);
    });
    return () => { current = false; };
  }, [name, path, revision, again]);
  return (
    <div class="config-body">
      {error && <ErrorNote error={error} onRetry={() => setAgain(again + 1)} />}
      {file && (
        <>
          <div class="config-files" role="group" aria-label="Files">{file.paths.map((known) => <button type="button" key={known} class="tab mono" aria-pressed={file.path === known} onClick={() => setPath(known)}><Exact text={known} /></button>)}</div>
          <pre class="out config-text" tabIndex={0} aria-label={`The file ${file.path}`} data-testid="config-text" data-path={file.path}><Exact text={file.text} /></pre>
          {file.cut && <p class="dim">The file is longer than this.</p>}
        </>
      )}
      {!file && !error && <p class="dim list-empty" role="status">Reading…</p>}
    </div>
  );
}

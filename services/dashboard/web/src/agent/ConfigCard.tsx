// What is deployed of an agent's configuration: its files, read on demand, never written here.
import { useState } from "preact/hooks";
import { api, ApiError } from "../api";
import type { ConfigFile } from "../gen/wire";
import { ErrorNote } from "../ui/ErrorNote";
import { Exact } from "../ui/Exact";
import { Heading } from "../ui/Heading";

export function ConfigCard({ name, revision }: { name: string; revision: string | null }) {
  const [open, setOpen] = useState(false);
  const [file, setFile] = useState<ConfigFile | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const load = async (path: string): Promise<void> => {
    setError(null);
    try {
      setFile(await api.config(name, path));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    }
  };
  const toggle = (): void => {
    setOpen(!open);
    if (!open) void load(file?.path ?? "agent.nix");
  };
  return (
    <section class="mail-list card hue-quiet" data-testid="config-card">
      <button type="button" class="kicker config-fold" aria-expanded={open} onClick={toggle} data-testid="config-open">
        <Heading plain="Configuration" leet="C0NF1G" level={2} />
        <span class="grow" />
        {revision && <span class="mono dim" data-tip="The deployed commit"><span class="sr">deployed </span>{revision.slice(0, 8)}</span>}
      </button>
      {open && (
        <div class="config-body">
          {error && <ErrorNote error={error} onRetry={() => void load(file?.path ?? "agent.nix")} />}
          {file && (
            <>
              <div class="config-files" role="group" aria-label="Files">{file.paths.map((path) => <button type="button" key={path} class="tab mono" aria-pressed={file.path === path} onClick={() => void load(path)}><Exact text={path} /></button>)}</div>
              <pre class="out config-text" tabIndex={0} aria-label={`The file ${file.path}`} data-testid="config-text" data-path={file.path}><Exact text={file.text} /></pre>
              {file.cut && <p class="dim">The file is longer than this.</p>}
            </>
          )}
          {!file && !error && <p class="dim list-empty" role="status">Reading…</p>}
        </div>
      )}
    </section>
  );
}

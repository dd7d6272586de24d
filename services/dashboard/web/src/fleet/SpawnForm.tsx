// Asks for a new agent by name.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { swarm } from "../state/swarm";
import { ErrorNote } from "../ui/ErrorNote";

const FORM = /^[a-z][a-z0-9-]{0,30}$/;
const LONGEST = 31;

export function SpawnForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const longest = swarm.value?.capabilities.max_name_length ?? LONGEST;
  const good = FORM.test(name) && name.length <= longest;
  const bad = name !== "" && !good;

  const spawn = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await api.spawn(name);
      onClose();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="card spawn slide" data-testid="spawn-form" onSubmit={(event) => { event.preventDefault(); void spawn(); }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <label class="grow">
        <span class="label">Name of the new agent</span>
        <input class="field mono" ref={field} value={name} placeholder="scout" maxLength={longest} spellcheck={false} autocomplete="off" autocapitalize="off"
          aria-invalid={bad} aria-describedby="spawn-hint" onInput={(event) => setName(event.currentTarget.value)} data-testid="spawn-name" />
        <span id="spawn-hint" class={bad ? "hint bad" : "hint"}>Lower-case letters, digits and dashes, a letter first{longest < LONGEST && `; at most ${longest} with this runtime`}. It keeps this name for life.</span>
      </label>
      <div class="row">
        <button class="btn primary" type="submit" disabled={busy || !good} data-testid="spawn-submit">{busy ? "Spawning…" : "Spawn"}</button>
        <button class="btn quiet" type="button" onClick={onClose}>Cancel</button>
      </div>
      {error && <ErrorNote error={error} />}
    </form>
  );
}

// The inputs of the swarm's flake: what each is locked to, and updating the chosen ones.
import { useEffect, useState } from "preact/hooks";
import { all, names } from "../state/agents";
import { choose, chosen, concerned, inputs, inputsError, loadInputs, updateChosen } from "../state/inputs";
import { asking, openRollout, reached, rolloutError, rollouts } from "../state/rollouts";
import { connection } from "../state/stream";
import { count } from "../words";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { InputRow } from "./InputRow";
import { UpdateInputsDialog } from "./UpdateInputsDialog";

/** Changes whenever the lock file may have. */
const lockKey = (): string =>
  [...rollouts.value.map((rollout) => `${rollout.id}.${rollout.commit}.${reached(rollout)}`), ...all.value.map((tile) => `${tile.name}@${tile.view.revision}`)].join();

export function InputsView() {
  const [open, setOpen] = useState(false);
  const live = connection.value.state === "live";
  const key = lockKey();
  useEffect(() => { if (live || inputs.peek() === null) void loadInputs(); }, [key, live]);
  const read = inputs.value;
  const marked = chosen.value;
  const busy = openRollout.value !== null || asking.value;

  return (
    <section class="inputs" aria-label="Inputs" data-testid="inputs">
      <p class="dim">What the swarm's flake is locked to. Updating <b class="mono">hyperhive</b> rebuilds every agent, updating one agent's input rebuilds that one.</p>
      {inputsError.value && <ErrorNote error={inputsError.value} what="Inputs" onRetry={() => void loadInputs()} />}
      {rolloutError.value && <ErrorNote error={rolloutError.value} what="Update" onClose={() => (rolloutError.value = null)} />}
      {read?.error && <p class="note hue-red" role="note" data-testid="lock-error"><span class="grow"><b>The lock file can't be used.</b> {read.error}</span></p>}
      {!read && !inputsError.value && <Loading rows={3} height={48} />}
      {marked.size > 0 && (
        <div class="batch card" data-testid="inputs-bar">
          <b class="num">{count(marked.size, "input")} chosen</b>
          <span class="grow" />
          <button type="button" class="btn big quiet" onClick={() => (chosen.value = new Set())}>Choose none</button>
          <button type="button" class="btn big primary" disabled={busy} data-tip={busy ? "Agents are being rebuilt already." : undefined} onClick={() => setOpen(true)} data-testid="update-inputs">Update…</button>
        </div>
      )}
      {read && (
        <ul class="input-rows card" aria-label="Inputs of the flake">
          {read.inputs.map((input) => <InputRow key={input.name} input={input} marked={marked.has(input.name)} onMark={(on) => choose(input.name, on)} />)}
        </ul>
      )}
      {read && read.commit && <p class="dim">Last commit of the flake: <span class="mono" data-testid="lock-commit">{read.commit.slice(0, 12)}</span></p>}
      {open && read && (
        <UpdateInputsDialog names={[...marked]} agents={concerned(marked, read, names.value)} onClose={() => setOpen(false)}
          onSure={() => { setOpen(false); void updateChosen(); }} />
      )}
    </section>
  );
}

// One input: its name, what it is locked to and how old that is, where it comes from, and whether it is chosen.
import type { MetaInput } from "../gen/wire";
import { Exact } from "../ui/Exact";
import { Since } from "../ui/Time";

export function InputRow({ input, marked, onMark }: { input: MetaInput; marked: boolean; onMark: (on: boolean) => void }) {
  return (
    <li>
      <label class="input-row" data-testid={`input-${input.name}`}>
        <input type="checkbox" checked={marked} onChange={(event) => onMark(event.currentTarget.checked)} aria-label={`Choose ${input.name}`} />
        <b class="mono input-name"><Exact text={input.name} /></b>
        <span class="mono input-rev" data-testid="input-revision">{input.revision ?? "not locked"}</span>
        <span class="dim num input-age">{input.changed_at ? <Since at={input.changed_at} suffix=" old" /> : "—"}</span>
        <span class="mono dim input-url"><Exact text={input.url} /></span>
      </label>
    </li>
  );
}

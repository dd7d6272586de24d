// The card beside an agent's terminal that opens what is deployed of its configuration.
import { useState } from "preact/hooks";
import { Heading } from "../ui/Heading";
import { ConfigFiles } from "./ConfigFiles";

export function ConfigCard({ name, revision }: { name: string; revision: string | null }) {
  const [open, setOpen] = useState(false);
  return (
    <section class="mail-list card hue-quiet" data-testid="config-card">
      <button type="button" class="kicker config-fold" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="config-open">
        <Heading plain="Configuration" leet="C0NF1G" level={2} />
        <span class="grow" />
        {revision && <span class="mono dim" data-tip="The deployed commit"><span class="sr">deployed </span>{revision.slice(0, 8)}</span>}
      </button>
      {open && <ConfigFiles name={name} revision={revision} />}
    </section>
  );
}

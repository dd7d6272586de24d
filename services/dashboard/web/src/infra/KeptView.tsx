// What is kept of destroyed agents: how much, how old, with a login or not; to be revived or purged.
import { useState } from "preact/hooks";
import type { Tombstone } from "../gen/wire";
import { tombstones } from "../state/tombstones";
import { Nothing } from "../decisions/Nothing";
import { KeptRow } from "./KeptRow";
import { PurgeDialog } from "./PurgeDialog";
import { ReviveDialog } from "./ReviveDialog";

export function KeptView() {
  const [asking, setAsking] = useState<{ what: "revive" | "purge"; tombstone: Tombstone } | null>(null);
  const list = tombstones.value;
  if (list.length === 0) return <Nothing what="Nothing is kept" why="When an agent is destroyed without a purge, its state folder, login, history and configuration stay and are listed here." />;
  return (
    <section class="kept" aria-label="Kept state" data-testid="kept">
      <ul class="kept-rows card" aria-label="Destroyed agents whose state is kept">
        {list.map((tombstone) => (
          <KeptRow key={tombstone.name} tombstone={tombstone} onRevive={() => setAsking({ what: "revive", tombstone })} onPurge={() => setAsking({ what: "purge", tombstone })} />
        ))}
      </ul>
      {asking?.what === "revive" && <ReviveDialog tombstone={asking.tombstone} onClose={() => setAsking(null)} />}
      {asking?.what === "purge" && <PurgeDialog tombstone={asking.tombstone} onClose={() => setAsking(null)} />}
    </section>
  );
}

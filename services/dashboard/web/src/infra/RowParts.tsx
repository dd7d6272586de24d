// What an agent's row opens to: its journal, what is deployed, what was done to it, what it does now.
import type { Tile } from "../gen/wire";
import { ROW_PARTS, rowAddress, type RowPart } from "../state/address";
import { go } from "../state/route";
import { ConfigFiles } from "../agent/ConfigFiles";
import { BuildsPart } from "./BuildsPart";
import { JournalPart } from "./JournalPart";
import { LivePart } from "./LivePart";

const words: Record<RowPart, string> = { journal: "Journal", config: "Configuration", builds: "Build output", live: "Live" };

export function RowParts({ tile, part, action }: { tile: Tile; part: RowPart; action: number | null }) {
  const { name, view } = tile;
  return (
    <div class="irow-open">
      <div class="tabs part-tabs" role="group" aria-label={`Parts of ${name}`}>
        {ROW_PARTS.map((known) => (
          <button key={known} type="button" class="tab" aria-pressed={part === known} onClick={() => go(rowAddress(name, known), "replace")} data-testid={`part-${known}`}>{words[known]}</button>
        ))}
      </div>
      {part === "journal" ? <JournalPart key={name} name={name} />
        : part === "config" ? <ConfigFiles key={name} name={name} revision={view.revision ?? null} />
        : part === "builds" ? <BuildsPart key={name} tile={tile} chosen={action} />
        : <LivePart key={name} tile={tile} />}
    </div>
  );
}

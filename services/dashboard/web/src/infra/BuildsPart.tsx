// What was done to an agent, the last first, and what the chosen action printed; the newest where none is chosen.
import { useEffect, useMemo } from "preact/hooks";
import type { Tile } from "../gen/wire";
import { ActionsLog, actionsKey } from "../state/actions";
import { rowAddress } from "../state/address";
import { lastPrinted } from "../state/outputs";
import { go } from "../state/route";
import { connection } from "../state/stream";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { ActionRow } from "./ActionRow";
import { OutputView } from "./OutputView";

export function BuildsPart({ tile, chosen }: { tile: Tile; chosen: number | null }) {
  const { name } = tile;
  const log = useMemo(() => new ActionsLog(name), [name]);
  const actions = log.actions.value;
  const heard = lastPrinted.value;
  const live = connection.value.state === "live";
  useEffect(() => { if (live || log.status.peek() === "loading") void log.load(); }, [log, actionsKey(tile), live]);
  useEffect(() => { if (heard?.agent === name) log.heard(heard.action); }, [log, heard]);
  useEffect(() => () => log.stop(), [log]);
  const open = actions.find((action) => action.id === chosen) ?? (chosen === null ? actions[0] : undefined);
  const id = open?.id ?? chosen;

  return (
    <div class="part builds" data-testid="builds">
      {log.error.value && <ErrorNote error={log.error.value} what="What was done" onRetry={() => void log.load()} />}
      {log.status.value === "loading" && <Loading rows={1} height={320} />}
      {log.status.value === "ready" && actions.length === 0 && <p class="dim list-empty" data-testid="no-actions">Nothing was done to it yet.</p>}
      {actions.length > 0 && (
        <div class="builds-list">
          <ol class="acts" aria-label={`What was done to ${name}, the last first`}>
            {actions.map((action) => <ActionRow key={action.id} action={action} open={action.id === id} onOpen={() => go(rowAddress(name, "builds", action.id), "replace")} />)}
          </ol>
          {log.more.value && <button type="button" class="btn small quiet" onClick={() => void log.older()} data-testid="older-actions">Older</button>}
        </div>
      )}
      {id !== null && id !== undefined && <OutputView key={id} id={id} known={open ?? null} />}
    </div>
  );
}

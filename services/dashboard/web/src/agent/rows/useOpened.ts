// Whether a row is open. The terminal remembers it, so that neither new data nor scrolling closes it.
import { useState } from "preact/hooks";
import type { TerminalLog } from "../../state/terminal";

export function useOpened(log: TerminalLog, id: string, byDefault: boolean): [boolean, () => void] {
  const [chosen, choose] = useState(() => log.opened.get(id));
  const open = chosen ?? byDefault;
  return [open, () => {
    log.opened.set(id, !open);
    choose(!open);
  }];
}

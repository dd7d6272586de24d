// The operator's choices for this browser: theme, leet headings, logging out.
import { useEffect, useRef, useState } from "preact/hooks";
import { leet, theme, type Theme } from "../state/prefs";
import { logout } from "../state/session";
import { swarm } from "../state/swarm";
import { Icon } from "./Icon";

const themes: [Theme, string][] = [["system", "System"], ["dark", "Dark"], ["light", "Light"]];

export function Settings() {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return undefined;
    const away = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);

  return (
    <div class="settings" ref={root}>
      <button type="button" class="btn quiet icon" ref={opener} aria-label="Settings" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="settings">
        <Icon name="gear" size={16} />
      </button>
      {open && (
        <div class="popover card" role="group" aria-label="Settings">
          <fieldset class="segments">
            <legend>Theme</legend>
            <div class="segments-row">{themes.map(([value, word]) => (
              <label key={value}>
                <input type="radio" name="theme" checked={theme.value === value} onChange={() => (theme.value = value)} />
                <span>{word}</span>
              </label>
            ))}</div>
          </fieldset>
          <label class="switch">
            <input type="checkbox" role="switch" checked={leet.value === "on"} onChange={(event) => (leet.value = event.currentTarget.checked ? "on" : "off")} data-testid="leet" />
            <span>Leet headings</span>
          </label>
          <div class="settings-foot">
            <span class="dim">{swarm.value && `${swarm.value.name} · hyperhive ${swarm.value.version}`}</span>
            <button type="button" class="btn small" onClick={() => void logout()}>Log out</button>
          </div>
        </div>
      )}
    </div>
  );
}

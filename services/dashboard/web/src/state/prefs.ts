// What the operator chose about the look: theme and leet headings. Kept in this browser.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "dark" | "light";

function kept<T extends string>(key: string, allowed: readonly T[], fallback: T) {
  const stored = localStorage.getItem(key) as T | null;
  const choice = signal<T>(stored !== null && allowed.includes(stored) ? stored : fallback);
  effect(() => localStorage.setItem(key, choice.value));
  return choice;
}

export const theme = kept<Theme>("hive.theme", ["system", "dark", "light"], "system");
export const leet = kept<"on" | "off">("hive.leet", ["on", "off"], "on");

/** Whether terminals show the machinery's small print too. */
export const details = kept<"on" | "off">("hive.details", ["on", "off"], "off");

export function applyTheme(): void {
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}

// What the operator chose about the look: theme, leet headings, which part of the decisions. Kept in this browser.
import { effect, signal } from "@preact/signals";
import { DECISION_VIEWS, type ApprovalsTab, type DecisionsView } from "./address";

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

/** The part of the decisions that was looked at last. */
export const decisionsView = kept<DecisionsView>("hive.decisions", DECISION_VIEWS, "waiting");
export const approvalsTab = kept<ApprovalsTab>("hive.approvals", ["pending", "history"], "pending");

export function applyTheme(): void {
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}

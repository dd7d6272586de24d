// Open reminders of the swarm, the soonest first.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Reminder } from "../gen/wire";

export const reminders = signal<Reminder[]>([]);
/** How many are open in all; the list holds the soonest thousand. */
export const remindersTotal = signal(0);
export const reminderErrors = signal<Record<number, ApiError>>({});

export const soonestFirst = (list: readonly Reminder[]): Reminder[] => [...list].sort((a, b) => Date.parse(a.due) - Date.parse(b.due) || a.id - b.id);

const open = (reminder: Reminder): boolean => reminder.state === "pending" || reminder.state === "failed";

export function putReminders(list: readonly Reminder[], total: number): void {
  remindersTotal.value = total;
  reminders.value = soonestFirst(list.filter(open));
}

export function putReminder(reminder: Reminder, total?: number): void {
  if (total !== undefined) remindersTotal.value = total;
  const others = reminders.value.filter((held) => held.id !== reminder.id);
  reminders.value = open(reminder) ? soonestFirst([...others, reminder]) : others;
}

export async function cancelReminder(id: number): Promise<void> {
  const { [id]: _old, ...rest } = reminderErrors.value;
  reminderErrors.value = rest;
  try {
    putReminder(await api.cancelReminder(id));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    reminderErrors.value = { ...reminderErrors.value, [id]: error };
  }
}

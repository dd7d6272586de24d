// What is kept of destroyed agents, by name.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Approval, Tombstone } from "../gen/wire";

export const tombstones = signal<readonly Tombstone[]>([]);
/** Those whose removal was accepted; they go when the event says so. */
export const purging = signal<ReadonlySet<string>>(new Set());

export function putTombstones(list: readonly Tombstone[]): void {
  tombstones.value = [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Set(list.map((tombstone) => tombstone.name));
  purging.value = new Set([...purging.value].filter((held) => names.has(held)));
}

export const putTombstone = (tombstone: Tombstone): void => putTombstones([...tombstones.value.filter((held) => held.name !== tombstone.name), tombstone]);

export function dropTombstone(name: string): void {
  tombstones.value = tombstones.value.filter((held) => held.name !== name);
  purging.value = new Set([...purging.value].filter((held) => held !== name));
}

/** The approval that would bring it back, while it waits or is under way. */
export const revivalOf = (name: string, approvals: readonly Approval[]): Approval | null =>
  approvals.find((approval) => approval.agent === name && approval.revives) ?? null;

export async function purge(name: string): Promise<ApiError | null> {
  try {
    await api.purgeKept(name);
    if (tombstones.value.some((held) => held.name === name)) purging.value = new Set([...purging.value, name]);
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error;
  }
}

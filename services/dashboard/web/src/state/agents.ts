// Agents as the dashboard last told: one signal per agent, so that a change touches one tile.
import { computed, signal, type Signal } from "@preact/signals";
import { api, ApiError, type AgentAction } from "../api";
import type { Tile } from "../gen/wire";

const tiles = new Map<string, Signal<Tile>>();
export const names = signal<string[]>([]);

/** The manager first, then by name: tiles never move because of what an agent does. */
export function inOrder(agents: readonly Tile[]): string[] {
  const first = (tile: Tile): number => (tile.view.role === "manager" ? 0 : 1);
  return [...agents].sort((a, b) => first(a) - first(b) || (a.name < b.name ? -1 : 1)).map((tile) => tile.name);
}

function reorder(): void {
  const wanted = inOrder([...tiles.values()].map((tile) => tile.peek()));
  if (wanted.join() !== names.peek().join()) names.value = wanted;
}

export function putAgents(all: readonly Tile[]): void {
  const present = new Set(all.map((tile) => tile.name));
  for (const name of [...tiles.keys()]) if (!present.has(name)) tiles.delete(name);
  for (const tile of all) putAgent(tile, false);
  reorder();
}

export function putAgent(tile: Tile, sort = true): void {
  const held = tiles.get(tile.name);
  if (held) held.value = tile;
  else tiles.set(tile.name, signal(tile));
  if (sort) reorder();
}

export function dropAgent(name: string): void {
  tiles.delete(name);
  reorder();
}

/** Reads `names` too, so that a view notices an agent that appears or goes. */
export function agentNamed(name: string): Tile | null {
  void names.value;
  return tiles.get(name)?.value ?? null;
}

export const all = computed(() => names.value.flatMap((name) => tiles.get(name)?.value ?? []));
export const thinking = computed(() => all.value.some((tile) => tile.signal === "live" && tile.status?.state === "thinking"));

/** Requests that the operator made and that have no answer yet, and the refusals that were not put away. */
export const asked = signal<Record<string, string>>({});
export const refused = signal<Record<string, { action: string; error: ApiError }>>({});

export function forgive(name: string): void {
  const { [name]: _gone, ...rest } = refused.value;
  refused.value = rest;
}

export async function ask(name: string, action: string, request: () => Promise<unknown>): Promise<boolean> {
  forgive(name);
  asked.value = { ...asked.value, [name]: action };
  try {
    await request();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refused.value = { ...refused.value, [name]: { action, error } };
    return false;
  } finally {
    const { [name]: _done, ...rest } = asked.value;
    asked.value = rest;
  }
}

export const act = (name: string, action: AgentAction): Promise<boolean> =>
  ask(name, action.replaceAll("_", " "), () => api.act(name, action));

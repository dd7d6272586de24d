// Agents that are rebuilt one after another: those under way, and the one that ended last until it is put away.
import { computed, signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Rollout, RolloutState } from "../gen/wire";

export const rollouts = signal<readonly Rollout[]>([]);
const away = signal<number>(Number(sessionStorage.getItem("hive.rollout.away") ?? 0));

const steps: Record<RolloutState, number> = { waiting: 0, running: 1, done: 2, failed: 2, skipped: 2 };

/** How far it is: a rollout only ever goes on, so what has come less far is older. */
export const reached = (rollout: Rollout): number =>
  rollout.agents.reduce((sum, agent) => sum + steps[agent.state], 0) + (rollout.commit ? 1 : 0) + (rollout.error ? 1 : 0) + (rollout.ended_at ? 1e6 : 0);

export function putRollouts(list: readonly Rollout[]): void {
  rollouts.value = [...list].sort((a, b) => a.id - b.id);
}

export function putRollout(rollout: Rollout): void {
  const held = rollouts.value.find((known) => known.id === rollout.id);
  if (held && reached(held) > reached(rollout)) return;
  const open = (known: Rollout): boolean => known.id !== rollout.id && (!known.ended_at || !rollout.ended_at);
  putRollouts([...rollouts.value.filter(open), rollout]);
}

export const openRollout = computed(() => rollouts.value.find((rollout) => !rollout.ended_at) ?? null);
export const shownRollouts = computed(() => rollouts.value.filter((rollout) => !rollout.ended_at || rollout.id > away.value));

export function putAwayRollout(id: number): void {
  away.value = Math.max(away.value, id);
  sessionStorage.setItem("hive.rollout.away", String(away.value));
}

export const tally = (rollout: Rollout, state: RolloutState): number => rollout.agents.filter((agent) => agent.state === state).length;

/** A request for a rollout that has no answer yet, and why the last one was refused. */
export const asking = signal(false);
export const rolloutError = signal<ApiError | null>(null);

export async function begin(request: () => Promise<Rollout>): Promise<boolean> {
  asking.value = true;
  rolloutError.value = null;
  try {
    putRollout(await request());
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    rolloutError.value = error;
    return false;
  } finally {
    asking.value = false;
  }
}

export const updateAll = (): Promise<boolean> => begin(api.updateAll);

// The inputs of the swarm's flake as its lock file has them, and which of them are chosen to be updated.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { MetaInputs } from "../gen/wire";
import { begin } from "./rollouts";

export const inputs = signal<MetaInputs | null>(null);
export const inputsError = signal<ApiError | null>(null);
export const chosen = signal<ReadonlySet<string>>(new Set());

const EVERYBODY = "hyperhive";
let latest = 0;

export async function loadInputs(): Promise<void> {
  const asked = (latest += 1);
  try {
    const read = await api.inputs();
    if (asked !== latest) return;
    inputs.value = read;
    inputsError.value = null;
    const present = new Set(read.inputs.map((input) => input.name));
    chosen.value = new Set([...chosen.value].filter((name) => present.has(name)));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    inputsError.value = error;
  }
}

export function choose(name: string, wanted: boolean): void {
  const next = new Set(chosen.value);
  if (wanted) next.add(name);
  else next.delete(name);
  chosen.value = next;
}

/** The agents that are rebuilt when these inputs are updated: all of them for `hyperhive`. */
export function concerned(names: ReadonlySet<string>, read: MetaInputs, agents: readonly string[]): string[] {
  if (names.has(EVERYBODY)) return [...agents];
  const of = new Set(read.inputs.flatMap((input) => (input.agent && names.has(input.name) ? [input.agent] : [])));
  return agents.filter((agent) => of.has(agent));
}

export async function updateChosen(): Promise<boolean> {
  const done = await begin(() => api.updateInputs([...chosen.value]));
  if (done) chosen.value = new Set();
  return done;
}

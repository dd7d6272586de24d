// The swarm's own facts, and whether the page has them yet.
import { signal } from "@preact/signals";
import type { ApiError } from "../api";
import type { BrokenRow, Swarm } from "../gen/wire";

export const swarm = signal<Swarm | null>(null);
/** Stored rows that a service can't decode: shown with their id, never left out. */
export const broken = signal<BrokenRow[]>([]);
export const loadError = signal<ApiError | null>(null);

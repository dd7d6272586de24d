// The swarm's own facts, and whether the page has them yet.
import { signal } from "@preact/signals";
import type { ApiError } from "../api";
import type { Swarm } from "../gen/wire";

export const swarm = signal<Swarm | null>(null);
export const loadError = signal<ApiError | null>(null);

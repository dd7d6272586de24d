// Agents to be, and the operator's own request for one: both become approvals.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Draft } from "../gen/wire";

export const agentDrafts = signal<Draft[]>([]);

export function putDraft(draft: Draft): void {
  agentDrafts.value = [...agentDrafts.value.filter((held) => held.name !== draft.name), draft].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

export function dropDraft(name: string): void {
  agentDrafts.value = agentDrafts.value.filter((held) => held.name !== name);
}

interface Request { name: string; description: string; key: string | null; tried: string | null }
const KEY = "hive.request";
const fresh: Request = { name: "", description: "", key: null, tried: null };

function stored(): Request {
  try {
    return { ...fresh, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Request>) };
  } catch {
    return fresh;
  }
}

export const request = signal<Request>(typeof localStorage === "undefined" ? fresh : stored());
export const requesting = signal(false);
export const requestError = signal<ApiError | null>(null);
/** The approval that the last request became. */
export const requested = signal<number | null>(null);

export function editRequest(change: Partial<Request>): void {
  request.value = { ...request.value, ...change };
  localStorage.setItem(KEY, JSON.stringify(request.value));
}

/** A retry of the same words carries the same key, so that it can't become two requests. */
export async function sendRequest(): Promise<void> {
  const { name, description } = request.value;
  const tried = JSON.stringify([name, description]);
  const key = request.value.tried === tried && request.value.key ? request.value.key : crypto.randomUUID();
  editRequest({ key, tried });
  requesting.value = true;
  requestError.value = null;
  requested.value = null;
  try {
    requested.value = (await api.requestSpawn(name, description, key)).id;
    editRequest(fresh);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    requestError.value = error;
  } finally {
    requesting.value = false;
  }
}

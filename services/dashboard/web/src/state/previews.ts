// Files that messages name: which previews are open, and what was loaded of them.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { FilePreview } from "../gen/wire";

export interface Preview { open: boolean; file: FilePreview | null; error: ApiError | null; loading: boolean }
const closed: Preview = { open: false, file: null, error: null, loading: false };
const all = signal<Record<string, Preview>>({});

const keyOf = (message: number, number: number): string => `${message}/${number}`;
export const previewOf = (message: number, number: number): Preview => all.value[keyOf(message, number)] ?? closed;

function put(key: string, change: Partial<Preview>): void {
  all.value = { ...all.value, [key]: { ...(all.value[key] ?? closed), ...change } };
}

/** Opening reads the file as it is now; closing keeps nothing. */
export async function togglePreview(message: number, number: number): Promise<void> {
  const key = keyOf(message, number);
  if (all.value[key]?.open) return put(key, closed);
  put(key, { open: true, loading: true, error: null });
  try {
    put(key, { file: await api.file(message, number), loading: false });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(key, { error, loading: false });
  }
}

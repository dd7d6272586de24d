// What the operator is writing, one draft per place, kept in this browser until the server has it.
import { signal, type Signal } from "@preact/signals";
import { api, ApiError, type Sent } from "../api";

export interface Draft {
  to: string;
  body: string;
  inReplyTo: number | null;
  /** The key of the last attempt and what it carried: a retry of the same words can't be stored twice. */
  key: string | null;
  tried: string | null;
}

export interface Writing {
  draft: Signal<Draft>;
  sending: Signal<boolean>;
  error: Signal<ApiError | null>;
  sent: Signal<number | null>;
}

const held = new Map<string, Writing>();

function stored(place: string, to: string): Draft {
  const fresh: Draft = { to, body: "", inReplyTo: null, key: null, tried: null };
  try {
    const text = localStorage.getItem(`hive.draft.${place}`);
    return text ? { ...fresh, ...(JSON.parse(text) as Partial<Draft>) } : fresh;
  } catch {
    return fresh;
  }
}

export function writing(place: string, to: string): Writing {
  const known = held.get(place);
  if (known) return known;
  const made: Writing = { draft: signal(stored(place, to)), sending: signal(false), error: signal(null), sent: signal(null) };
  made.draft.subscribe((draft) => localStorage.setItem(`hive.draft.${place}`, JSON.stringify(draft)));
  held.set(place, made);
  return made;
}

export function edit(place: Writing, change: Partial<Draft>): void {
  place.draft.value = { ...place.draft.value, ...change };
}

/** The draft as it is attempted: with the old key where nothing changed since, else with a new one. */
export function attempt(draft: Draft, newKey: () => string): Draft & { key: string } {
  const tried = JSON.stringify([draft.to, draft.body, draft.inReplyTo]);
  const key = draft.key !== null && draft.tried === tried ? draft.key : newKey();
  return { ...draft, key, tried };
}

export async function send(place: Writing): Promise<Sent | null> {
  if (place.sending.value || !place.draft.value.body.trim()) return null;
  const going = attempt(place.draft.value, () => crypto.randomUUID());
  place.draft.value = going;
  place.sending.value = true;
  place.error.value = null;
  try {
    const answer = await api.send(going.to, going.body, going.key, going.inReplyTo);
    const { to, body } = place.draft.value;
    const typedMeanwhile = body !== going.body;
    place.draft.value = { to, body: typedMeanwhile ? body : "", inReplyTo: null, key: null, tried: null };
    place.sent.value = answer.id;
    return answer;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    place.error.value = error;
    return null;
  } finally {
    place.sending.value = false;
  }
}

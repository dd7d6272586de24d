// Questions to the operator: the open ones, those that ended while he looked on, and older ones on demand.
import { computed, signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { BrokenRow, Question } from "../gen/wire";
import { OPERATOR } from "./messages";

export const openQuestions = signal<Question[]>([]);
/** The questions whose cards are on the screen. */
export const looking = new Set<number>();
/** Ended while their card was on the screen; shown until put away: an answer in the making must not vanish. */
export const endedHere = signal<Question[]>([]);
export const shownQuestions = computed(() => [...openQuestions.value, ...endedHere.value]);

/** An answer may overtake events that came before it: what has ended stays so. */
const over = new Set<number>();

const byId = (a: Question, b: Question): number => a.id - b.id;

export function putQuestions(open: readonly Question[]): void {
  const ids = new Set(open.map((question) => question.id));
  const gone = openQuestions.value.filter((question) => !ids.has(question.id));
  openQuestions.value = [...open].sort(byId);
  endedHere.value = endedHere.value.filter((question) => !ids.has(question.id));
  if (gone.length > 0 || ended.value.loaded) void catchUp(new Set(gone.map((question) => question.id)));
}

/** Those that ended while the page was away: how, only the service can say. */
async function catchUp(gone: ReadonlySet<number>): Promise<void> {
  await loadEnded();
  for (const question of ended.value.list) if (gone.has(question.id)) putQuestion(question);
}

/** How a question ended that this page still holds for open. */
export const lookUp = (id: number): Promise<void> => catchUp(new Set([id]));

export function putQuestion(question: Question): void {
  if (question.to !== OPERATOR) return putBetween(question);
  const others = openQuestions.value.filter((held) => held.id !== question.id);
  if (!question.outcome) {
    if (over.has(question.id)) return;
    openQuestions.value = [...others, question].sort(byId);
    return;
  }
  over.add(question.id);
  openQuestions.value = others;
  if (looking.has(question.id)) endedHere.value = [...endedHere.value.filter((held) => held.id !== question.id), question].sort(byId);
  if (ended.value.loaded) ended.value = { ...ended.value, list: [question, ...ended.value.list.filter((held) => held.id !== question.id)] };
}

export function putAway(id?: number): void {
  endedHere.value = id === undefined ? [] : endedHere.value.filter((held) => held.id !== id);
}

interface Ended { list: Question[]; broken: BrokenRow[]; loaded: boolean; loading: boolean; error: ApiError | null }
export const ended = signal<Ended>({ list: [], broken: [], loaded: false, loading: false, error: null });

/** The last questions to the operator that have an outcome, the newest first. */
export async function loadEnded(): Promise<void> {
  if (ended.value.loading) return;
  ended.value = { ...ended.value, loading: true, error: null };
  try {
    const page = await api.questions(false);
    const list = page.questions.filter((question) => question.outcome && question.to === OPERATOR).reverse();
    ended.value = { list, broken: page.broken, loaded: true, loading: false, error: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    ended.value = { ...ended.value, loading: false, error };
  }
}

export async function cancelQuestion(id: number): Promise<void> {
  putQuestion(await api.cancelQuestion(id));
}

/** What agents ask each other, loaded on demand: not the operator's to answer, but he may. */
export const between = signal<Question[] | null>(null);

export async function loadBetween(): Promise<void> {
  const page = await api.questions(true);
  between.value = page.questions.filter((question) => question.to !== OPERATOR).sort(byId);
}

function putBetween(question: Question): void {
  if (between.value) between.value = between.value.map((held) => (held.id === question.id ? question : held));
}

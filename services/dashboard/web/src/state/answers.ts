// What the operator is about to answer: one draft per question, kept in this browser; and the deadline held meanwhile.
import { signal, type Signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { Question } from "../gen/wire";
import { OPERATOR } from "./messages";
import { lookUp, putQuestion } from "./questions";

export interface Answer { options: string[]; text: string; at: number }

/** idle: nothing to hold; held: the service waits for us; over: it waits no longer; lost: it could not be asked. */
export type Hold = "idle" | "held" | "over" | "lost";

const EVERY = 20_000;
const KEPT = 7 * 86_400_000;
const keyOf = (id: number): string => `hive.answer.${id}`;

export class Answering {
  readonly answer: Signal<Answer>;
  readonly sending = signal(false);
  readonly error: Signal<ApiError | null> = signal(null);
  readonly hold = signal<Hold>("idle");
  private typed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: number) {
    this.answer = signal(stored(id));
  }

  /** Every change is kept, and holds the deadline of a question that has one. */
  edit(question: Question, change: Partial<Answer>): void {
    this.answer.value = { ...this.answer.value, ...change, at: Date.now() };
    localStorage.setItem(keyOf(this.id), JSON.stringify(this.answer.value));
    if (question.to !== OPERATOR || question.deadline === null || question.outcome || this.hold.value === "over") return;
    this.typed = true;
    if (this.timer === undefined) void this.keep();
  }

  get empty(): boolean {
    const { options, text } = this.answer.value;
    return options.length === 0 && text.trim() === "";
  }

  async send(): Promise<void> {
    if (this.sending.value || this.empty) return;
    const { options, text } = this.answer.value;
    this.sending.value = true;
    this.error.value = null;
    try {
      const question = await api.answer(this.id, { options, text });
      this.forget();
      putQuestion(question);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
      if (error.code === "already_answered") await lookUp(this.id);
    } finally {
      this.sending.value = false;
    }
  }

  /** The words are sent, or put away on purpose. */
  forget(): void {
    localStorage.removeItem(keyOf(this.id));
    this.answer.value = { options: [], text: "", at: 0 };
    this.stop();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.typed = false;
  }

  /** Holds now, and again every 20 s as long as something was typed since. */
  private async keep(): Promise<void> {
    this.typed = false;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.typed) void this.keep();
    }, EVERY);
    try {
      putQuestion(await api.hold(this.id));
      this.hold.value = "held";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.hold.value = error.code === "hold_over" ? "over" : error.code === "already_answered" ? "idle" : "lost";
    }
  }
}

function stored(id: number): Answer {
  try {
    const text = localStorage.getItem(keyOf(id));
    if (text) return { options: [], text: "", at: 0, ...(JSON.parse(text) as Partial<Answer>) };
  } catch { /* unreadable: as if there were none */ }
  return { options: [], text: "", at: 0 };
}

const held = new Map<number, Answering>();

export function answering(id: number): Answering {
  let known = held.get(id);
  if (!known) held.set(id, (known = new Answering(id)));
  return known;
}

/** Words for questions that ended long ago. */
export function dropOldAnswers(): void {
  for (const key of Object.keys(localStorage)) {
    const id = /^hive\.answer\.(\d+)$/.exec(key)?.[1];
    if (id && Date.now() - stored(Number(id)).at > KEPT) localStorage.removeItem(key);
  }
}

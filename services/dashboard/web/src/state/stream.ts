// The page's one event stream: snapshot first, then every event above its position, resumed after a cut.
import { signal } from "@preact/signals";
import { api, ApiError } from "../api";
import type { PageEvent } from "./events";

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "catching up" }
  | { state: "offline"; since: number };

export const connection = signal<Connection>({ state: "connecting" });

const GRACE = 1000; // a cut shorter than this isn't shown
const SILENCE = 35_000; // two pings of 15 s missed
const KINDS = [
  "agent", "agent_removed", "message", "receipt", "approval", "question", "draft", "draft_removed", "reminder",
  "printed", "rollout", "tombstone", "tombstone_removed", "live", "swarm", "reset", "ping",
] as const;

export interface Hooks {
  snapshot(): Promise<string>;
  event(event: PageEvent): void;
  opened(agent: string | null): void;
}

/** Whether an event at `id` comes after position `at`; one from another boot always does. */
export function isNewer(id: string, at: string): boolean {
  const [boot, n] = id.split(":");
  const [oldBoot, oldN] = at.split(":");
  return boot !== oldBoot || Number(n) > Number(oldN);
}

let hooks: Hooks;
let source: EventSource | null = null;
let position: string | null = null;
let agent: string | null = null;
let running = false;
let attempts = 0;
let lostAt: number | null = null;
let heard = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let grace: ReturnType<typeof setTimeout> | undefined;
let settle: ReturnType<typeof setTimeout> | undefined;

function lost(): void {
  source?.close();
  source = null;
  clearTimeout(settle);
  if (lostAt === null) {
    const at = Date.now();
    lostAt = at;
    grace = setTimeout(() => (connection.value = { state: "offline", since: at }), GRACE);
  }
  clearTimeout(retry);
  retry = setTimeout(() => void open(), Math.min(5000, 400 * 2 ** attempts++));
}

function found(): void {
  clearTimeout(grace);
  if (lostAt !== null && connection.value.state === "offline") connection.value = { state: "catching up" };
  lostAt = null;
  attempts = 0;
  clearTimeout(settle);
  settle = setTimeout(() => (connection.value = { state: "live" }), 250);
}

function take(kind: (typeof KINDS)[number], message: MessageEvent<string>): void {
  heard = Date.now();
  if (kind === "ping") {
    if (position !== null && message.lastEventId && isNewer(message.lastEventId, position)) position = message.lastEventId;
    return;
  }
  if (kind === "reset") {
    position = null;
    connection.value = { state: "catching up" };
    void open();
    return;
  }
  if (message.lastEventId) {
    if (position !== null && !isNewer(message.lastEventId, position)) return;
    position = message.lastEventId;
  }
  hooks.event({ ...(JSON.parse(message.data) as object), type: kind } as PageEvent);
}

async function open(): Promise<void> {
  if (!running) return;
  clearTimeout(retry);
  source?.close();
  source = null;
  try {
    if (position === null) position = await hooks.snapshot();
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_logged_in") return stop();
    return lost();
  }
  const query = new URLSearchParams({ after: position });
  if (agent) query.set("agent", agent);
  const opened = new EventSource(`/api/events?${query}`);
  source = opened;
  heard = Date.now();
  opened.onopen = () => {
    if (source !== opened) return;
    heard = Date.now();
    found();
    hooks.opened(agent);
  };
  opened.onerror = () => {
    if (source !== opened) return;
    const refused = opened.readyState === EventSource.CLOSED;
    if (refused) void api.snapshot().catch(() => undefined); // an answer other than 200: a lost session shows here
    lost();
  };
  for (const kind of KINDS) {
    opened.addEventListener(kind, (event) => source === opened && take(kind, event as MessageEvent<string>));
  }
}

export function start(with_: Hooks): void {
  hooks = with_;
  if (running) return;
  running = true;
  position = null;
  void open();
}

export function stop(): void {
  running = false;
  source?.close();
  source = null;
  position = null;
  lostAt = null;
  for (const timer of [retry, grace, settle]) clearTimeout(timer);
  connection.value = { state: "connecting" };
}

/** Asks for one agent's live rows too (or for none). */
export function follow(name: string | null): void {
  if (name === agent) return;
  agent = name;
  if (running && position !== null) void open();
}

/** Tries again at once when there is a reason to hope: focus, network back, tab visible. */
export function watchConnection(): void {
  const hope = (): void => {
    if (running && source === null && !document.hidden) {
      attempts = 0;
      void open();
    }
  };
  addEventListener("online", hope);
  addEventListener("focus", hope);
  document.addEventListener("visibilitychange", hope);
  addEventListener("offline", () => running && lost());
  setInterval(() => {
    if (source !== null && Date.now() - heard > SILENCE) lost();
  }, 5000);
}

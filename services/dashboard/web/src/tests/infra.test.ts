// Infrastructure: what can be done when and why not, journals, output without holes, rollouts, inputs, tombstones.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ActionView, LogsReply, MetaInputs, OutputLine, OutputPage, Rollout, Tile, Tombstone } from "../gen/wire";

const kept = new Map<string, string>();
const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key) };
vi.stubGlobal("localStorage", storage);
vi.stubGlobal("sessionStorage", storage);
const { act } = await import("../state/acts");
const { actionLook, ActionsLog, actionsKey, took } = await import("../state/actions");
const { parse, rowAddress } = await import("../state/address");
const { choose, chosen, concerned, inputs, loadInputs } = await import("../state/inputs");
const { Journal } = await import("../state/journal");
const { bare, Lines, readable } = await import("../state/lines");
const { OutputLog } = await import("../state/outputs");
const { openRollout, putAwayRollout, putRollout, putRollouts, rollouts, shownRollouts } = await import("../state/rollouts");
const { dropTombstone, purge, purging, putTombstone, putTombstones, revivalOf, tombstones } = await import("../state/tombstones");

/** Answers requests as the dashboard would: a function of the address, or what was queued for it. */
const asked: string[] = [];
let answer: (url: URL, signal: AbortSignal | null) => unknown = () => ({});
beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", async (path: string, how: RequestInit) => {
    asked.push(path);
    const made = await answer(new URL(path, "http://page"), how.signal ?? null);
    return made instanceof Response ? made : new Response(JSON.stringify(made));
  });
});
afterEach(() => vi.useRealTimers());
const refusal = (code: string, status: number): Response => new Response(JSON.stringify({ error: { code, message: code, details: {} } }), { status });
const aborted = (signal: AbortSignal | null): Promise<never> => new Promise((_, fail) => signal?.addEventListener("abort", () => fail(new Error("aborted"))));

const at = "2026-01-01T00:00:00Z";
const tile = (view: Partial<Tile["view"]> = {}, more: Partial<Tile> = {}): Tile => ({
  name: "scout", signal: "live", signal_since: at, status: { state: "idle", since: at },
  view: { name: "scout", role: "agent", container: "running", container_since: at, wanted: true, port: 1, created_at: at, ...view }, ...more,
});
const turning: Partial<Tile> = { status: { state: "thinking", since: at, turn: "t1" } };

describe("an action on a container", () => {
  test("is blocked with its reason while another one runs", () => {
    for (const id of ["start", "stop", "restart", "rebuild", "update", "kill", "destroy", "purge"] as const) {
      expect(act(id, tile({ transient: "rebuilding", needs_update: true })).blocked).toContain("scout is rebuilding");
      expect(act(id, tile({ needs_update: true }), { asked: "stop" }).blocked).not.toBeNull();
      expect(act(id, tile({ needs_update: true }), { away: true }).blocked).toContain("Lifecycle");
    }
  });

  test("is offered where it would do something", () => {
    const free = (of: Tile): string[] => (["start", "stop", "restart", "rebuild", "update", "kill", "destroy"] as const).filter((id) => act(id, of).blocked === null);
    expect(free(tile())).toEqual(["stop", "restart", "rebuild", "kill", "destroy"]);
    expect(free(tile({ needs_update: true }))).toContain("update");
    expect(free(tile({ container: "stopped", wanted: false }))).toEqual(["start", "rebuild", "destroy"]);
    expect(free(tile({ container: "crashed" }))).toContain("stop");
    expect(act("destroy", tile({ role: "manager" })).blocked).toContain("manager");
    expect(act("purge", tile({ role: "manager" })).blocked).toContain("manager");
  });

  test("asks before it interrupts a turn, and always before a rebuild or a kill", () => {
    expect([act("stop", tile()).warning, act("restart", tile()).warning, act("start", tile()).warning]).toEqual([null, null, null]);
    expect(act("stop", tile({}, turning)).warning).toContain("turn");
    expect(act("stop", tile({}, { ...turning, signal: "no_signal" })).warning).toBeNull();
    expect(act("rebuild", tile()).warning).not.toBeNull();
    expect(act("kill", tile()).warning).not.toBeNull();
  });
});

describe("lines", () => {
  test("are held up to the limit, the newest ones, and only the last block changes", () => {
    const lines = new Lines(250);
    lines.append(Array.from({ length: 240 }, (_, i) => ({ n: i + 1, text: `${i + 1}` })));
    const before = lines.blocks.value;
    lines.append([{ n: 241, text: "241" }]);
    expect(lines.blocks.value.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(lines.blocks.value[1]).toBe(before[1]);
    lines.append(Array.from({ length: 100 }, (_, i) => ({ n: 242 + i, text: "" })));
    const held = lines.blocks.value.flatMap((block) => block.lines);
    expect([held.length, held[0]?.n, held.at(-1)?.n, lines.added.value, lines.dropped.value]).toEqual([250, 92, 341, 341, 91]);
    lines.append(Array.from({ length: 900 }, (_, i) => ({ n: 342 + i, text: "" })));
    expect([lines.length, lines.added.value, lines.dropped.value]).toEqual([250, 1241, 991]);
  });

  test("lose what only a terminal understands", () => {
    expect(bare("\u001b[1;32mok\u001b[0m \u001b]0;title\u0007done\r")).toBe("ok done");
    expect(bare("plain [32m text")).toBe("plain [32m text");
  });
});

test("a line of JSON is said for people and kept as it was printed; every other line stays as it is", () => {
  const json = '{"agent": "scout", "event": "ready", "tries": 2, "level": "warning", "service": "h", "timestamp": "2026-11-21T16:01:01.233995Z"}';
  const said = { at: "2026-11-21T16:01:01.233995Z", level: "warning", text: "ready  agent=scout  tries=2" };
  expect(readable(1, json)).toEqual({ n: 1, raw: json, ...said });
  expect(readable(2, `2026-11-21T16:01:01+0000 host hive[7]: ${json}`)).toMatchObject(said);
  const stamped = "2026-11-21T16:16:25+0000 systemd[1]: System is going down.";
  expect(readable(4, stamped)).toEqual({ n: 4, raw: stamped, at: "2026-11-21T16:16:25+00:00", text: "systemd[1]: System is going down." });
  for (const plain of ["2026-99-21T16:16:25Z no such day", '{"event": 1, "timestamp": "x"}', '{"event": "a", "timestamp": "never"}', '{"event": broken}', "{}", "Traceback: {x}"]) expect(readable(3, plain)).toEqual({ n: 3, text: plain });
});

describe("a journal", () => {
  const texts = (journal: InstanceType<typeof Journal>): string[] => journal.lines.blocks.value.flatMap((block) => block.lines.map((line) => line.text));
  const until = async (holds: () => boolean): Promise<void> => vi.waitFor(() => { if (!holds()) throw new Error("not yet"); }, { timeout: 5000 });

  test("is followed from the cursor of the last answer, and what was left out is said", async () => {
    const replies: LogsReply[] = [{ lines: ["a", "b"], cut: false, cursor: "2" }, { lines: ["c"], cut: false, cursor: "3" }, { lines: ["x"], cut: true, cursor: "9" }];
    answer = (_url, signal) => replies.shift() ?? aborted(signal);
    const journal = new Journal("scout", "harness", 200);
    journal.follow();
    await until(() => texts(journal).length === 5);
    expect(texts(journal)).toEqual(["a", "b", "c", "some lines were left out here", "x"]);
    expect(asked.slice(0, 3).map((path) => new URL(path, "http://p").searchParams.get("after"))).toEqual([null, "2", "3"]);
    journal.stop();
  });

  test("asks for nothing once it is stopped, and goes on from where it was", async () => {
    const replies: LogsReply[] = [{ lines: ["a"], cut: false, cursor: "1" }];
    answer = (_url, signal) => replies.shift() ?? aborted(signal);
    const journal = new Journal("scout", "harness", 200);
    journal.follow();
    await until(() => asked.length === 2);
    journal.stop();
    expect(journal.following.value).toBe(false);
    replies.push({ lines: ["b"], cut: false, cursor: "2" });
    journal.follow();
    await until(() => texts(journal).length === 2);
    expect(new URL(asked[2] as string, "http://p").searchParams.get("after")).toBe("1");
    expect(journal.error.value).toBeNull();
    journal.stop();
  });

  test("tries again after a failure, and gives up where it is refused", async () => {
    vi.useFakeTimers();
    const replies: unknown[] = [{ lines: ["a"], cut: false, cursor: "1" }, refusal("unavailable", 503), { lines: ["b"], cut: false, cursor: "2" }, refusal("unknown_agent", 404)];
    answer = (_url, signal) => replies.shift() ?? aborted(signal);
    const journal = new Journal("scout", "harness", 200);
    journal.follow();
    await vi.advanceTimersByTimeAsync(0);
    expect([texts(journal), journal.error.value?.code, journal.following.value]).toEqual([["a"], "unavailable", true]);
    await vi.advanceTimersByTimeAsync(1000);
    expect([texts(journal), journal.error.value?.code, journal.following.value]).toEqual([["a", "b"], "unknown_agent", false]);
  });

  test("doesn't hammer a service that never waits", async () => {
    vi.useFakeTimers();
    answer = () => ({ lines: [], cut: false, cursor: "1" });
    const journal = new Journal("scout", "machine", 200);
    journal.follow();
    await vi.advanceTimersByTimeAsync(3000);
    journal.stop();
    expect(asked.length).toBeLessThan(8);
  });

  test("read anew shows what is there now", async () => {
    let text = "first";
    answer = () => ({ lines: [text], cut: true, cursor: "1" });
    const journal = new Journal("scout", "harness", 200);
    await journal.load();
    text = "second";
    await journal.load();
    expect([texts(journal), journal.cut.value, journal.following.value]).toEqual([["second"], true, false]);
  });
});

describe("an action's output", () => {
  const line = (n: number): OutputLine => ({ n, at, text: `line ${n}` });
  const view = (lines: number): ActionView => ({ id: 7, agent: "scout", kind: "rebuild", requested_by: "operator", begun_at: at, lines });
  let stored = 0;
  const store = (url: URL): OutputPage => {
    const after = Number(url.searchParams.get("after"));
    const lines = Array.from({ length: Math.min(2, stored - after) }, (_, i) => line(after + i + 1));
    return { action: view(stored), lines, more: after + lines.length < stored };
  };
  const numbers = (log: InstanceType<typeof OutputLog>): number[] => log.lines.blocks.value.flatMap((block) => block.lines.map((held) => held.n));

  test("has each line once and in order, wherever it came from", async () => {
    stored = 5;
    answer = store;
    const log = new OutputLog(7);
    await log.fill();
    log.take([line(4), line(5), line(6)]);
    log.take([line(6), line(7)]);
    expect(numbers(log)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    stored = 12;
    log.take([line(11), line(12)]);
    await vi.waitFor(() => expect(numbers(log)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
  });

  test("takes nothing live before it has read what was printed earlier", async () => {
    stored = 3;
    let release = (): void => undefined;
    answer = async (url) => { await new Promise<void>((done) => (release = done)); return store(url); };
    const log = new OutputLog(7);
    const filled = log.fill();
    stored = 4;
    log.take([line(4)]);
    expect(numbers(log)).toEqual([]);
    answer = store;
    release();
    await filled;
    expect(numbers(log)).toEqual([1, 2, 3, 4]);
  });

  test("of more lines than are shown is read from near its end", async () => {
    stored = 5003;
    answer = (url) => {
      const after = Number(url.searchParams.get("after"));
      const lines = Array.from({ length: Math.min(1000, stored - after) }, (_, i) => line(after + i + 1));
      return { action: view(stored), lines, more: after + lines.length < stored };
    };
    const log = new OutputLog(7);
    await log.fill();
    expect([numbers(log)[0], numbers(log).at(-1), log.before.value, log.total.value]).toEqual([4, 5003, 3, 5003]);
  });

  test("that can't be read says so and can be asked for again", async () => {
    answer = () => refusal("unknown_action", 404);
    const log = new OutputLog(7);
    await log.fill();
    expect([log.status.value, log.error.value?.code]).toEqual(["failed", "unknown_action"]);
    stored = 1;
    answer = store;
    await log.fill();
    expect([log.status.value, log.error.value, numbers(log)]).toEqual(["ready", null, [1]]);
  });
});

describe("actions", () => {
  const action = (id: number, more: Partial<ActionView> = {}): ActionView => ({ id, agent: "scout", kind: "start", requested_by: "operator", begun_at: at, ended_at: at, ...more });

  test("are a list of the newest with the older ones behind it", async () => {
    const all = [action(5), action(4), action(3), action(2), action(1)];
    answer = (url) => {
      const rest = all.filter((known) => known.id < Number(url.searchParams.get("before") ?? 99));
      return { actions: rest.slice(0, 2), more: rest.length > 2 };
    };
    const log = new ActionsLog("scout");
    await log.load();
    await log.older();
    expect([log.actions.value.map((known) => known.id), log.more.value]).toEqual([[5, 4, 3, 2], true]);
    all.unshift(action(6));
    await log.load();
    expect([log.actions.value.map((known) => known.id), log.more.value]).toEqual([[6, 5, 4, 3, 2], true]);
    all.unshift(action(9), action(8), action(7));
    await log.load();
    expect([log.actions.value.map((known) => known.id), log.more.value]).toEqual([[9, 8], true]);
  });

  test("are read again at once when one prints that isn't known, and soon, once, for the step of one that is", async () => {
    vi.useFakeTimers();
    answer = () => ({ actions: [action(5)], more: false });
    const log = new ActionsLog("scout");
    log.heard(5);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.length).toBe(1);
    for (let i = 0; i < 20; i += 1) log.heard(5);
    expect(asked.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(asked.length).toBe(2);
    log.heard(5);
    log.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked.length).toBe(2);
  });

  test("look as they are, and one that failed is undone before it ends", () => {
    expect(actionLook(action(1)).word).toBe("done");
    expect(actionLook(action(1, { error: "no" })).word).toBe("failed");
    expect(actionLook(action(1, { ended_at: null })).word).toBe("under way");
    expect(actionLook(action(1, { ended_at: null, error: "no" })).word).toBe("being undone");
    expect(took(action(1, { ended_at: "2026-01-01T00:01:05Z" }), 0)).toBe("1m 05s");
  });

  test("are asked for again when the container's view says that one began or ended", () => {
    expect(actionsKey(tile({ transient: "stopping" }))).not.toBe(actionsKey(tile()));
    expect(actionsKey(tile({ error: "x" }))).not.toBe(actionsKey(tile()));
    expect(actionsKey(tile({}, turning))).toBe(actionsKey(tile()));
  });
});

describe("a rollout", () => {
  const rollout = (id: number, states: Rollout["agents"][number]["state"][], more: Partial<Rollout> = {}): Rollout => ({
    id, cause: "inputs", requested_by: "operator", begun_at: at, agents: states.map((state, i) => ({ name: `a${i}`, state })), ...more,
  });

  test("only ever goes on, whatever comes late", () => {
    putRollouts([]);
    putRollout(rollout(1, ["waiting", "waiting"]));
    putRollout(rollout(1, ["done", "running"], { commit: "c" }));
    putRollout(rollout(1, ["running", "waiting"]));
    expect(openRollout.value?.agents.map((agent) => agent.state)).toEqual(["done", "running"]);
    putRollout(rollout(1, ["done", "failed"], { ended_at: at }));
    putRollout(rollout(1, ["done", "running"]));
    expect([openRollout.value, rollouts.value[0]?.ended_at]).toEqual([null, at]);
  });

  test("that ended stays in sight until it is put away or the next one ends", () => {
    putRollouts([rollout(1, ["done"], { ended_at: at })]);
    putRollout(rollout(2, ["running"]));
    expect(shownRollouts.value.map((known) => known.id)).toEqual([1, 2]);
    putRollout(rollout(2, ["done"], { ended_at: at }));
    expect(shownRollouts.value.map((known) => known.id)).toEqual([2]);
    putAwayRollout(2);
    expect(shownRollouts.value).toEqual([]);
  });
});

describe("inputs", () => {
  const read: MetaInputs = {
    commit: "c", inputs: [
      { name: "hyperhive", revision: "1", changed_at: at, url: "u" }, { name: "agent-scout", revision: "2", changed_at: at, url: "u", agent: "scout" },
      { name: "agent-kelp", revision: null, changed_at: null, url: "u", agent: "kelp" },
    ],
  };

  test("concern the agents that would be rebuilt", () => {
    const agents = ["manager", "kelp", "scout"];
    expect(concerned(new Set(["hyperhive", "agent-scout"]), read, agents)).toEqual(agents);
    expect(concerned(new Set(["agent-scout"]), read, agents)).toEqual(["scout"]);
    expect(concerned(new Set(), read, agents)).toEqual([]);
  });

  test("that are gone are no longer chosen", async () => {
    answer = () => read;
    choose("agent-scout", true);
    choose("agent-gone", true);
    await loadInputs();
    expect([...chosen.value]).toEqual(["agent-scout"]);
    choose("agent-scout", false);
    expect([chosen.value.size, inputs.value?.commit]).toEqual([0, "c"]);
  });
});

describe("what is kept", () => {
  const tombstone = (name: string): Tombstone => ({ name, destroyed_at: at, changed_at: at, size_bytes: 1, login_kept: false });

  test("is listed by name and goes with its event", async () => {
    putTombstones([tombstone("b"), tombstone("a")]);
    putTombstone({ ...tombstone("b"), size_bytes: 2 });
    expect(tombstones.value.map((held) => `${held.name}${held.size_bytes}`)).toEqual(["a1", "b2"]);
    answer = () => ({});
    expect(await purge("a")).toBeNull();
    expect([...purging.value]).toEqual(["a"]);
    dropTombstone("a");
    expect([tombstones.value.map((held) => held.name), purging.value.size]).toEqual([["b"], 0]);
    answer = () => refusal("agent_exists", 409);
    expect((await purge("b"))?.code).toBe("agent_exists");
    expect(purging.value.size).toBe(0);
  });

  test("knows the approval that would revive it", () => {
    const approval = { id: 4, agent: "b", revives: true } as Parameters<typeof revivalOf>[1][number];
    expect(revivalOf("b", [{ ...approval, id: 3, revives: false }, approval])?.id).toBe(4);
    expect(revivalOf("a", [approval])).toBeNull();
  });
});

test("addresses name a part of the infrastructure and an agent's opened row", () => {
  expect(parse("/infra", "")).toEqual({ page: "infra", view: "containers", agent: null, part: "journal", action: null });
  expect(parse("/infra/kept", "")).toMatchObject({ view: "kept" });
  expect(parse("/infra", "?view=inputs&part=nonsense&action=-2")).toMatchObject({ view: "inputs", part: "journal", action: null });
  const [path, query] = rowAddress("scout", "builds", 7).split("?");
  expect(parse(path as string, `?${query}`)).toEqual({ page: "infra", view: "containers", agent: "scout", part: "builds", action: 7 });
});


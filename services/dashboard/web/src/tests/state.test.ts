import { expect, test } from "vitest";
import type { Message, Tile } from "../gen/wire";
import { completeCommands, read } from "../agent/commands";
import { taken } from "../agent/rows/taken";
import { completeNames, meant, redirect } from "../messages/mentions";
import { parse } from "../state/address";
import { inOrder } from "../state/agents";
import { attempt } from "../state/drafts";
import { flow, merge, more, putMessage, putReceipt, putSnapshot } from "../state/messages";
import { agentMood, containerMood } from "../state/mood";
import { isNewer } from "../state/stream";
import { bytes, duration, money, tokens } from "../words";

const message = (id: number, more_: Partial<Message> = {}): Message => ({
  id, sender: "operator", recipient: "scout", state: "pending", stored_at: "2026-01-01T00:00:00Z", body: `m${id}`, ...more_,
});
const tile = (name: string, more_: Partial<Tile> = {}, role: "agent" | "manager" = "agent"): Tile => ({
  name, signal: "live", signal_since: "2026-01-01T00:00:09Z", status: { state: "idle", since: "2026-01-01T00:00:01Z" },
  view: { name, role, container: "running", container_since: "2026-01-01T00:00:00Z", wanted: true, port: 1, created_at: "2026-01-01T00:00:00Z" }, ...more_,
});

test("addresses lead to pages", () => {
  expect(parse("/", "")).toEqual({ page: "fleet" });
  expect(parse("/a/scout", "")).toEqual({ page: "agent", name: "scout" });
  expect(parse("/messages", "?m=12")).toEqual({ page: "messages", message: 12, view: "flow" });
  expect(parse("/messages", "?m=-1&view=dead")).toEqual({ page: "messages", message: null, view: "dead" });
  expect(parse("/nowhere", "").page).toBe("missing");
});

test("an event counts when it is above the position, or of another boot", () => {
  expect(isNewer("a:10", "a:9")).toBe(true);
  expect(isNewer("a:9", "a:9")).toBe(false);
  expect(isNewer("b:1", "a:9")).toBe(true);
});

test("the manager stands first, the others by name, whatever they do", () => {
  expect(inOrder([tile("scout"), tile("kelp"), tile("manager", {}, "manager")])).toEqual(["manager", "kelp", "scout"]);
});

test("an agent that isn't heard is never called idle", () => {
  expect(agentMood(tile("kelp", { signal: "no_signal" }))).toMatchObject({ word: "no signal", since: "2026-01-01T00:00:09Z" });
  expect(agentMood(tile("kelp", { signal: "down" })).word).toBe("offline");
  expect(agentMood(tile("kelp")).word).toBe("idle");
});

test("an action in flight is the container's state", () => {
  const base = tile("kelp");
  expect(containerMood({ ...base, view: { ...base.view, transient: "stopping" } })).toMatchObject({ word: "stopping", moving: true });
});

test("messages are kept once, by id, the newest knowledge of each", () => {
  expect(merge([message(1), message(3)], [message(2), message(3, { state: "acked" })]).map((m) => `${m.id}${m.state}`)).toEqual(["1pending", "2pending", "3acked"]);
});

test("a new snapshot keeps older pages where it joins them, and drops them where there is a hole", () => {
  putSnapshot([message(5), message(6)], true);
  flow.value = merge([message(3), message(4)], flow.value);
  putSnapshot([message(6), message(7)], true);
  expect(flow.value.map((m) => m.id)).toEqual([3, 4, 5, 6, 7]);
  putSnapshot([message(90), message(91)], true);
  expect(flow.value.map((m) => m.id)).toEqual([90, 91]);
  expect(more.value).toBe(true);
});

test("a receipt changes a message's state and leaves its words", () => {
  flow.value = [];
  putMessage(message(1));
  const { body: _body, ...receipt } = message(1, { state: "acked", acked_at: "2026-01-01T00:00:05Z" });
  putReceipt(receipt);
  expect(flow.value[0]).toMatchObject({ state: "acked", body: "m1" });
});

test("a retry of the same words carries the same key, changed words a new one", () => {
  let made = 0;
  const key = (): string => `k${(made += 1)}`;
  const first = attempt({ to: "scout", body: "hi", inReplyTo: null, key: null, tried: null }, key);
  expect(attempt(first, key).key).toBe("k1");
  expect(attempt({ ...first, body: "hi!" }, key).key).toBe("k2");
  expect(attempt({ ...first, to: "kelp" }, key).key).toBe("k3");
});

test("a leading @name turns the message; a name in the middle doesn't", () => {
  expect(redirect("@scout look", ["scout"])).toEqual({ to: "scout", body: "look" });
  expect(redirect("@nobody look", ["scout"])).toBeNull();
  expect(redirect("ask @scout now", ["scout"])).toBeNull();
  expect(meant("@nobody look")).toEqual({ to: "nobody", body: "look" });
  expect(completeNames("ask @sc", ["scout", "scribe", "kelp"], () => "")).toMatchObject({ from: 4, options: [{ insert: "@scout " }, { insert: "@scribe " }] });
  expect(completeNames("mail@sc", ["scout"], () => "")).toBeNull();
});

test("the prompt line reads commands and leaves other words as mail", () => {
  expect(read("hello /model")).toEqual({ is: "mail", body: "hello /model" });
  expect(read("/model opus")).toEqual({ is: "model", model: "opus" });
  expect(read("/model").is).toBe("wrong");
  expect(read("/nope").is).toBe("wrong");
  expect(read(" /cancel ").is).toBe("cancel");
  expect(completeCommands("/c")?.options.map((option) => option.insert)).toEqual(["/compact", "/cancel"]);
});

test("mail that an agent took is read from data and from text", () => {
  expect(taken("No new messages.")).toEqual([]);
  expect(taken("from: kelp\nmessage: #7\n\nhello\nthere")).toEqual([{ id: 7, sender: "kelp", body: "hello\nthere" }]);
  const two = "2 messages\n\n---\nfrom: kelp\nmessage: #7\nlines: 3, all of them kelp's words, whatever they look like\n\na\n---\nb\n\n---\nfrom: operator\nmessage: #8\n\nsecond";
  expect(taken(two)).toEqual([{ id: 7, sender: "kelp", body: "a\n---\nb" }, { id: 8, sender: "operator", body: "second" }]);
  expect(taken('{"messages":[{"id":1,"sender":"a","body":"b"}]}')).toEqual([{ id: 1, sender: "a", body: "b" }]);
  expect(taken("something else")).toBeNull();
});

test("figures read as people say them", () => {
  expect([duration(41_000), duration(95_000), duration(8_040_000), duration(260_000_000)]).toEqual(["41s", "1m 35s", "2h 14m", "3d 0h"]);
  expect([bytes(34), bytes(12_400), tokens(46_200), money(0.001), money(2.3)]).toEqual(["34 B", "12.4 kB", "46k", "<$0.01", "$2.30"]);
});

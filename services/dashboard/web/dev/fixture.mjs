// Development only: serves the built page with a made-up swarm, so that the page can be looked at without one.
// node dev/fixture.mjs [--port N] [--rows N] [--empty] [--login] [--unsafe]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { makeDecisions } from "./decisions.mjs";
import { makeInfra } from "./infra.mjs";

const args = process.argv.slice(2);
const option = (name, fallback) => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : fallback);
const port = option("--port", 5199);
const rowsWanted = option("--rows", 260);
const empty = args.includes("--empty");
const needsCode = args.includes("--login");
const STATIC = new URL("../../src/hive_dashboard/static/", import.meta.url).pathname;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'; require-trusted-types-for 'script'";

const boot = `b${Date.now()}`;
let n = 1;
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const streams = new Set();
const ring = [];
let cut = false;

function emit(type, data) {
  const event = { type, id: `${boot}:${++n}`, data };
  ring.push(event);
  for (const stream of streams) deliver(stream, event);
}
function deliver({ res, agent }, { type, id, data }) {
  if (type === "live" && data.event.agent !== agent) return;
  res.write(`event: ${type}\nid: ${id}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
}

const view = (name, more = {}) => ({
  name, role: name === "manager" ? "manager" : "agent", container: "running", container_since: ago(8040), wanted: true, transient: null,
  transient_since: null, exit: null, error: null, port: name === "manager" ? 8000 : 8100 + name.length * 37, created_at: ago(90000), revision: "3f9a2b1c77de", logged_in: true, restarts: 0, ...more,
});
const status = (state, since, more = {}) => ({
  state, since: ago(since), reason: null, activity: null, model: "claude-sonnet-5", session: "5d1c", awake: true, logged_in: true,
  ctx_tokens: 46200, ctx_limit: 200000, cost_usd: 0.84, turns: 21, turn: null, last_turn_seconds: 18.4, cancelled_turn: null, ...more,
});
const tile = (name, v, s, more = {}) => ({ name, view: view(name, v), status: s, signal: "live", signal_since: ago(8000), pending: 0, in_flight: 0, dead: 0, ...more });

const tiles = empty ? [] : [
  tile("manager", {}, status("idle", 412, { cost_usd: 2.31, turns: 64, ctx_tokens: 91800, activity: "send scout" })),
  tile("barnacle", { container: "crashed", container_since: ago(95), exit: "exit 1" }, status("offline", 95, { cost_usd: 0.12, turns: 3, ctx_tokens: 8000 }), { signal: "down", pending: 2, dead: 1 }),
  tile("coral", { transient: "spawning", transient_since: ago(7), container: "absent", container_since: ago(7) }, null, { signal: "down" }),
  tile("dredge", { needs_update: true, error: "The new configuration was not healthy within 90 s; the old one runs again.", approval: 3 }, status("parked", 640, { reason: "usage limit reached; again at 15:00", cost_usd: 4.2, turns: 112, ctx_tokens: 151000 }), { pending: 5 }),
  tile("kelp", {}, status("thinking", 741, { activity: "Bash pytest -q", ctx_tokens: 120000 }), { signal: "no_signal", signal_since: ago(31), in_flight: 1 }),
  tile("mussel", { container: "stopped", container_since: ago(260000), wanted: false }, status("offline", 260000, { cost_usd: 0, turns: 0, ctx_tokens: null, last_turn_seconds: null }), { signal: "down" }),
  tile("scout", {}, status("thinking", 42, { activity: "Edit services/broker/src/hive_broker/inbox.py", turn: "0d5c1f7a", in_flight: 1 }), { pending: 1, in_flight: 2 }),
  tile("scribe", {}, status("needs_login", 1200, { cost_usd: null, ctx_tokens: null, turns: 0, last_turn_seconds: null, reason: null, logged_in: false }), { pending: 1 }),
  tile("urchin", { needs_update: true }, status("compacting", 8, { ctx_tokens: 186000, cost_usd: 1.02, activity: "compacting 186k tokens" })),
];
const byName = (name) => tiles.find((t) => t.name === name);

const words = {
  ask: "Could you find out why `inbox.recv` returns an **empty batch** after a restart? Start with `services/broker`.",
  plan: "On it. My plan:\n\n1. reproduce it with a scripted turn\n2. read `requeue_inflight`\n3. write the failing test first\n\nI'll report back in this thread.",
  table: "Here is what I measured:\n\n| case | before | after |\n|---|---|---|\n| cold start | 1.9 s | 0.4 s |\n| warm | 0.3 s | 0.3 s |\n\nThe cause was a lease that outlived its epoch:\n\n```python\nif lease.epoch < current:\n    requeue(lease)\n```\n\nSee [the notes](https://example.com/notes) for more.",
  short: "Thanks. Ship it.",
};
const messages = [];
function message(sender, recipient, body, seconds, state = "acked", more = {}) {
  const id = messages.length + 1;
  const late = state === "pending" ? {} : { delivered_at: ago(seconds - 1) };
  messages.push({
    id, sender, recipient, state, stored_at: ago(seconds), delivered_at: null, acked_at: null, turn: null, attempts: state === "pending" ? 0 : 1, redelivered: 0, failures: 0,
    dead_reason: null, body, kind: sender === "system" ? "system" : "message", in_reply_to: null, ...late, ...(state === "acked" ? { acked_at: ago(seconds - 20), turn: "7c1f2a9e" } : {}), ...more,
  });
  return id;
}
if (!empty) {
  for (let i = 0; i < 240; i += 1) message(["operator", "manager", "scout"][i % 3], ["manager", "scout", "operator"][i % 3], i % 3 ? `Step ${i} done, ${i % 7} left.` : `Please do step ${i}.`, 80000 - i * 300);
  const ask = message("operator", "scout", words.ask, 1500);
  const plan = message("scout", "operator", words.plan, 1440, "acked", { in_reply_to: ask });
  message("scout", "scribe", "Please keep a page about leases; I'll send you the facts.", 1300, "pending");
  message("system", "manager", "`barnacle` crashed: exit 1. It was started again once.", 900);
  message("manager", "barnacle", "Please check your last change; you crashed right after it.", 880, "dead", { dead_reason: "3 turns failed: tool result too large", attempts: 3, failures: 3 });
  const found = message("scout", "operator", words.table, 300, "in_flight", { in_reply_to: plan, file_refs: [{ path: "/state/notes/leases.md", size: 91234 }] });
  message("operator", "scout", words.short, 260, "in_flight", { in_reply_to: found, redelivered: 1, attempts: 2 });
  message("manager", "operator", "**dredge** is parked until 15:00 because of its usage limit. Shall I give its queue to *kelp*?", 60, "pending");
}

let live = [];
let liveN = 0;
const epoch = 12;
function row(kind, data, seconds = 0, turn = "0d5c1f7a") {
  const event = { agent: "scout", epoch, n: ++liveN, at: ago(seconds), kind, turn, data };
  live.push(event);
  return event;
}
if (!empty) {
  let left = rowsWanted * 4 + 400;
  for (let t = 0; t < rowsWanted / 8; t += 1) {
    const turn = `t${t}`;
    row("turn_started", { turn, woken_by: [{ id: 240 - (t % 200), sender: t % 2 ? "operator" : "manager" }] }, left, turn);
    row("tool_call", { id: `r${t}`, name: "Read", input: { file_path: "services/broker/src/hive_broker/inbox.py" }, verb: "Read", object: "services/broker/src/hive_broker/inbox.py" }, left - 4, turn);
    row("tool_result", { id: `r${t}`, is_error: false, text: "def recv(conn, inbox, max):\n    ...\n".repeat(20), bytes: 12400 }, left - 5, turn);
    row("thinking", { text: "The batch is empty because the lease still names the old epoch.\nLet me look at requeue." }, left - 8, turn);
    row("tool_call", { id: `b${t}`, name: "Bash", input: { command: "pytest -q services/broker/tests", description: "run tests" }, verb: "Bash", object: "pytest -q services/broker/tests" }, left - 9, turn);
    row("tool_result", { id: `b${t}`, is_error: t % 9 === 4, text: "............\n12 passed in 1.93s", bytes: 34 }, left - 12, turn);
    row("text", { text: `Step ${t} looks right: **12 tests** pass and \`requeue_inflight\` is covered.` }, left - 13, turn);
    row("turn_ended", { outcome: "ok", seconds: 14.2, ctx_tokens: 41000 + t, cost_usd: 0.03, tool_calls: 2 }, left - 14, turn);
    left -= 32;
  }
  row("state", { state: "starting", since: ago(80) }, 80, null);
  row("note", { text: "Continuing session 5d1c after a restart." }, 79, null);
  row("turn_started", { turn: "0d5c1f7a", woken_by: [{ id: 241, sender: "operator" }, { id: 247, sender: "operator" }] }, 42);
  row("thinking", { text: "The operator wants it shipped. First the failing test, then the fix." }, 40);
  row("text", { text: "I'll write the failing test first, then fix the lease:\n\n- `test_a_restart_hands_out_what_was_in_flight`\n- requeue **before** the first `recv`" }, 38);
  row("tool_call", { id: "e1", name: "Edit", input: { file_path: "services/broker/src/hive_broker/inbox.py", old_string: "a", new_string: "b" }, verb: "Edit", object: "services/broker/src/hive_broker/inbox.py" }, 34);
  row("tool_result", { id: "e1", is_error: false, text: "The file was updated.", bytes: 21, diff: { added: 5, removed: 3, patch: "@@ -41,9 +41,11 @@ def recv(conn, inbox, epoch):\n     rows = waiting(conn, inbox)\n-    if not rows:\n-        return []\n-    lease(conn, rows)\n+    stale = [r for r in rows if r.epoch < epoch]\n+    requeue(conn, stale)\n+    rows = waiting(conn, inbox)\n+    if rows:\n+        lease(conn, rows, epoch)\n     return rows" } }, 33);
  row("tool_call", { id: "b9", name: "Bash", input: { command: "pytest -q services/broker/tests -k restart" }, verb: "Bash", object: "pytest -q services/broker/tests -k restart" }, 30);
  row("tool_result", { id: "b9", is_error: true, text: "FAILED test_inbox.py::test_a_restart_hands_out_what_was_in_flight\nE   AssertionError: assert [] == [41]\n1 failed, 11 passed in 2.10s", bytes: 148 }, 26);
  row("tool_call", { id: "m1", name: "mcp__hyperhive__send", input: { to: "scribe", body: "Two facts for your page:\n\n1. a lease names its **epoch**\n2. `requeue_inflight` ends all older ones" }, verb: "send", object: "scribe" }, 20);
  row("tool_result", { id: "m1", is_error: false, text: "stored as #243", bytes: 14 }, 20);
  row("tool_call", { id: "m2", name: "mcp__hyperhive__recv", input: { wait_seconds: 10 }, verb: "recv", object: "" }, 18);
  row("tool_result", { id: "m2", is_error: false, text: "from: operator\nmessage: #247\nin reply to: #246\n\nThanks. **Ship it.**", bytes: 88 }, 17);
  row("note", { text: "session_state_changed", level: "debug", raw: { state: "running" } }, 16);
  row("stderr", { text: "warning: LF will be replaced by CRLF in inbox.py" }, 15);
  row("retry", { attempt: 1, error: "overloaded", delay_seconds: 4, status: 529 }, 12);
  row("shiny_new_thing", { some: "field", deep: { er: 1 } }, 10);
  row("error", { text: "The notes file could not be written.", code: "disk_full" }, 9);
  row("tool_call", { id: "b10", name: "Bash", input: { command: "pytest -q services/broker/tests" }, verb: "Bash", object: "pytest -q services/broker/tests" }, 6);
}

const change = (name, part) => {
  const t = byName(name);
  Object.assign(t, part.top ?? {});
  if (part.status) t.status = { ...t.status, ...part.status };
  if (part.view) t.view = { ...t.view, ...part.view };
  emit("agent", { agent: t });
};
const say = (kind, data) => emit("live", { event: row(kind, data) });
const later = (seconds, act) => setTimeout(act, seconds * 1000);

function work(mail) {
  const turn = `x${mail.id}`;
  change("scout", { status: { state: "thinking", since: ago(0), turn, activity: "reading mail" } });
  say("turn_started", { turn, woken_by: [{ id: mail.id, sender: mail.sender }] });
  settle(mail, { state: "in_flight", delivered_at: ago(0), turn, attempts: 1 });
  later(0.6, () => say("tool_call", { id: turn, name: "Bash", input: { command: "ls -la" }, verb: "Bash", object: "ls -la" }));
  later(1.1, () => say("tool_result", { id: turn, is_error: false, text: "total 0", bytes: 7 }));
  later(1.4, () => say("text", { text: `You wrote: ${mail.body}` }));
  later(1.8, () => {
    say("turn_ended", { outcome: "ok", seconds: 1.8, ctx_tokens: 47000, cost_usd: 0.01, tool_calls: 1 });
    settle(mail, { state: "acked", acked_at: ago(0) });
    const id = message("scout", "operator", `Done with **${mail.body.slice(0, 40)}**.`, 0, "pending", { in_reply_to: mail.id });
    emit("message", { message: messages[id - 1] });
    change("scout", { status: { state: "idle", since: ago(0), turn: null, activity: "send operator" } });
  });
}
function settle(mail, part) {
  Object.assign(mail, part);
  const { body, kind, in_reply_to, ...receipt } = mail;
  emit("receipt", { receipt });
}

const keys = new Map();
const refuse = (code, message, http = 400, details = {}) => ({ http, body: { error: { code, message, details } } });

const decisions = empty ? null : makeDecisions({ emit, messages, refuse });
const infra = empty ? null : makeInfra({ emit, tiles, refuse, change });

function answer(method, path, query, body) {
  const parts = path.split("/").slice(2);
  if (path === "/api/snapshot") {
    return {
      ...decisions?.snapshot(),
      ...infra?.snapshot(),
      position: `${boot}:${n}`, agents: tiles, messages: messages.slice(-200), messages_more: messages.length > 200,
      swarm: { name: "reef", version: "0.1.0", capabilities: { runtime: "local", sandboxed: !args.includes("--unsafe"), separate_users: true, memory_limits: true, builds: true, separate_units: true, notes: ["Names have at most 11 characters.", "A deploy builds the agent's whole system."] }, conflicts: [], unreachable: [], body_limit: 262144 },
    };
  }
  const decided = decisions?.route(method, path, query, body) ?? infra?.route(method, path, query, body);
  if (decided) return decided;
  if (path === "/api/messages" && query.has("state")) return { messages: messages.filter((m) => m.state === query.get("state")), more: false };
  if (path === "/api/agents/operator/inbox") return { messages: messages.filter((m) => m.recipient === "operator").slice(-50), more: false };
  if (path === "/api/messages" && method === "GET") {
    const older = messages.filter((m) => m.id < Number(query.get("before")));
    return { messages: older.slice(-50), more: older.length > 50 };
  }
  if (path === "/api/messages") {
    if (!byName(body.to)) return refuse("unknown_recipient", `Nobody is called ${body.to}. Nothing was stored.`, 404, { known: tiles.map((t) => t.name) });
    if (keys.has(body.key)) return { id: keys.get(body.key), state: "pending", stored_at: ago(0), repeated: true };
    const id = message("operator", body.to, body.body, 0, "pending", { in_reply_to: body.in_reply_to });
    keys.set(body.key, id);
    emit("message", { message: messages[id - 1] });
    if (body.to === "scout") later(0.3, () => work(messages[id - 1]));
    return { id, state: "pending", stored_at: ago(0), repeated: false };
  }
  if (path === "/api/messages/shown") {
    for (const id of body.ids) if (messages[id - 1].state === "pending") settle(messages[id - 1], { state: "in_flight", delivered_at: ago(0), attempts: 1 });
    return { changed: body.ids.length };
  }
  if (parts[0] === "messages" && parts[2] === "thread") {
    const ids = new Set([Number(parts[1])]);
    for (let size = 0; size !== ids.size; ) {
      size = ids.size;
      for (const m of messages) if (ids.has(m.id) || ids.has(m.in_reply_to)) { ids.add(m.id); if (m.in_reply_to) ids.add(m.in_reply_to); }
    }
    return { messages: messages.filter((m) => ids.has(m.id)), more: false };
  }
  if (parts[0] === "messages") {
    const mail = messages[Number(parts[1]) - 1];
    settle(mail, { handled: { state: "acked", acked_at: ago(0) }, retry: { state: "pending", dead_reason: null }, dismiss: { state: "dismissed" } }[parts[2]]);
    return mail;
  }
  if (path === "/api/agents") {
    if (byName(body.name)) return refuse("name_taken", `There is an agent called ${body.name}.`, 409);
    tiles.push(tile(body.name, { transient: "spawning", transient_since: ago(0), container: "absent", container_since: ago(0) }, null, { signal: "down" }));
    emit("agent", { agent: byName(body.name) });
    later(2, () => change(body.name, { top: { signal: "live" }, status: status("idle", 0, { turns: 0 }), view: { transient: null, container: "running", container_since: ago(0) } }));
    return { action: 1 };
  }
  const name = parts[1];
  const t = byName(name);
  if (parts[0] !== "agents" || !t) return refuse("not_found", "No such thing.", 404);
  switch (parts[2]) {
    case "history": {
      const all = name === "scout" ? live : [];
      if (query.has("after")) { const rest = all.filter((e) => e.n > Number(query.get("after"))); return { events: rest.slice(0, 500), more: rest.length > 500, live: true }; }
      const rest = query.has("before") ? all.filter((e) => e.n < Number(query.get("before"))) : all;
      return { events: rest.slice(-500), more: rest.length > 500, live: t.view.container === "running" };
    }
    case "inbox": return { messages: messages.filter((m) => m.recipient === name).slice(-50), more: false };
    case "stop": case "kill":
      change(name, { view: { transient: "stopping", transient_since: ago(0) } });
      later(1.5, () => change(name, { top: { signal: "down" }, view: { transient: null, container: "stopped", container_since: ago(0) } }));
      return { action: 2 };
    case "start": case "restart":
      change(name, { view: { transient: `${parts[2]}ing`, transient_since: ago(0) } });
      later(1.5, () => change(name, { top: { signal: "live" }, status: status("idle", 0), view: { transient: null, container: "running", container_since: ago(0) } }));
      return { action: 3 };
    case "cancel":
      change(name, { status: { state: "cancelling", since: ago(0) } });
      later(1, () => { say("turn_ended", { outcome: "cancelled", seconds: 44, tool_calls: 5 }); change(name, { status: { state: "idle", since: ago(0), turn: null, cancelled_turn: "0d5c1f7a" } }); });
      return t.status;
    case "retry": case "dismiss": change(name, { status: { cancelled_turn: null } }); return t.status;
    case "model": change(name, { status: { model: body.model } }); return t.status;
    case "destroy":
      if (t.view.role === "manager") return refuse("manager_protected", "The manager can't be destroyed.", 403);
      tiles.splice(tiles.indexOf(t), 1);
      emit("agent_removed", { name });
      if (!body.purge) infra.buried(name);
      return { action: 4 };
    default: return t.status ?? {};
  }
}

const loggedIn = (req) => !needsCode || /hive=ok/.test(req.headers.cookie ?? "");
const json = (res, code, body, headers = {}) => res.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

createServer(async (req, res) => {
  const { pathname, searchParams } = new URL(req.url, "http://x");
  if (pathname === "/dev/cut") { cut = searchParams.get("on") === "1"; if (cut) for (const s of streams) s.res.destroy(); return json(res, 200, { cut }); }
  if (pathname === "/dev/rows") { for (let i = 0; i < Number(searchParams.get("n")); i += 1) say("text", { text: `burst ${i}` }); return json(res, 200, {}); }
  if (pathname === "/dev/change") return json(res, 200, answer(req.method, pathname, searchParams, {}));
  if (cut) return req.socket.destroy();
  if (pathname === "/api/login") {
    let raw = "";
    for await (const part of req) raw += part;
    return JSON.parse(raw).code === "let-me-in" ? res.writeHead(204, { "set-cookie": "hive=ok; HttpOnly; SameSite=Strict; Path=/" }).end()
      : json(res, 403, { error: { code: "bad_login_code", message: "This code is unknown, used or too old. `hive open` makes a new one.", details: {} } });
  }
  if (pathname === "/api/logout") return res.writeHead(204, { "set-cookie": "hive=; Max-Age=0; Path=/" }).end();
  if (pathname.startsWith("/api/") && !loggedIn(req)) return json(res, 401, { error: { code: "not_logged_in", message: "Log in first.", details: {} } });
  if (pathname === "/api/events") {
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    res.write(": hello\n\n");
    const stream = { res, agent: searchParams.get("agent") };
    const [wasBoot, wasN] = (req.headers["last-event-id"] ?? searchParams.get("after") ?? "").split(":");
    if (wasBoot !== boot) res.write("event: reset\ndata: {}\n\n");
    else for (const event of ring) if (Number(event.id.split(":")[1]) > Number(wasN)) deliver(stream, event);
    streams.add(stream);
    const ping = setInterval(() => res.write("event: ping\ndata: {}\n\n"), 15000);
    req.on("close", () => { clearInterval(ping); streams.delete(stream); });
    return undefined;
  }
  if (pathname.startsWith("/api/")) {
    let raw = "";
    for await (const part of req) raw += part;
    const got = await answer(req.method, pathname, searchParams, raw ? JSON.parse(raw) : {});
    return got.http ? json(res, got.http, got.body) : json(res, 200, got);
  }
  const file = extname(pathname) ? pathname : "/index.html";
  try {
    const content = await readFile(join(STATIC, file));
    return res.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": CSP }).end(content);
  } catch {
    return res.writeHead(404).end();
  }
}).listen(port, "127.0.0.1");

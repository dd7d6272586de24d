// Development only: made-up journals, builds, rollouts, inputs and tombstones for the fixture, with their routes.
const later = (seconds, act) => setTimeout(act, seconds * 1000);
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const hex = (seed, length = 12) => Array.from({ length }, (_, i) => "0123456789abcdef"[(seed * 7 + i * (seed + 3)) % 16]).join("");
const URL_OF = { hyperhive: "git+https://example.com/hyperhive.git?ref=main" };

export function makeInfra({ emit, tiles, refuse, change }) {
  const journals = new Map();
  const actions = [];
  const rollouts = [];
  let nextRollout = 3;
  const tombstones = [
    { name: "anemone", destroyed_at: ago(86400 * 3), changed_at: ago(86400 * 3 + 60), size_bytes: 48_213_004, login_kept: true },
    { name: "oyster", destroyed_at: ago(7200), changed_at: ago(7300), size_bytes: 3_400_210_000, login_kept: false },
  ];
  let locked = ago(86400 * 6);

  const journal = (name) => {
    if (!journals.has(name)) {
      journals.set(name, Array.from({ length: 340 }, (_, i) => `${ago(4000 - i * 10).slice(0, 19)}Z [info] turn ended outcome=ok seconds=${(i % 17) + 0.4} tools=${i % 5} ${i % 40 === 0 ? `a rather long line ${"that goes on and on ".repeat(12)}` : ""}`));
    }
    return journals.get(name);
  };
  setInterval(() => { for (const name of journals.keys()) journal(name).push(`${ago(0).slice(0, 19)}Z \u001b[32m[info]\u001b[0m heartbeat`); }, 1500).unref();

  function begin(name, kind, more = {}) {
    const action = { id: actions.length + 1, agent: name, kind, requested_by: "operator", begun_at: ago(0), ended_at: null, step: "prepare", error: null, approval: null, lines: 0, ...more };
    actions.push(action);
    action.output = [];
    return action;
  }
  function print(action, ...texts) {
    const lines = texts.map((text) => ({ n: action.output.length + 1 + texts.indexOf(text), at: ago(0), text }));
    action.output.push(...lines);
    action.lines = action.output.length;
    emit("printed", { action: action.id, agent: action.agent, lines });
  }
  function end(action, error = null) {
    action.ended_at = ago(0);
    action.step = null;
    action.error = error;
  }
  function rebuild(name, after = () => undefined, by = "operator") {
    const action = begin(name, "rebuild", { requested_by: by });
    change(name, { view: { transient: "rebuilding", transient_since: ago(0) } });
    print(action, `prepare: agent-${name} locked to ${hex(name.length)}`);
    action.step = "build";
    for (let i = 1; i <= 14; i += 1) later(i * 0.3, () => print(action, `building '/nix/store/${hex(i, 32)}-step-${i}.drv'...`, `step-${i}> running phase ${i}`));
    later(4.8, () => {
      const failed = name === "dredge";
      print(action, failed ? "error: builder for 'step-14.drv' failed with exit code 1" : "health: answers");
      end(action, failed ? "The configuration could not be built: builder for 'step-14.drv' failed with exit code 1." : null);
      change(name, { view: { transient: null, needs_update: failed, error: action.error } });
      after(action);
    });
    return action;
  }
  function rollout(cause, agents, inputs = []) {
    const made = { id: (nextRollout += 1), cause, requested_by: "operator", begun_at: ago(0), ended_at: null, inputs, commit: inputs.length ? hex(nextRollout, 40) : null, error: null, agents: agents.map((name) => ({ name, state: "waiting", action: null, error: null })) };
    rollouts.splice(0, rollouts.length, made);
    if (inputs.includes("hyperhive")) locked = ago(0);
    const tell = () => emit("rollout", { rollout: made });
    const next = () => {
      const agent = made.agents.find((known) => known.state === "waiting");
      if (!agent) made.ended_at = ago(0);
      else if (agent.name === "coral") { agent.state = "skipped"; agent.error = "It is being spawned."; later(0.2, next); }
      else {
        agent.state = "running";
        agent.action = rebuild(agent.name, (action) => { agent.state = action.error ? "failed" : "done"; agent.error = action.error; later(0.2, next); }).id;
      }
      tell();
    };
    later(0.3, next);
    return made;
  }
  for (const name of ["scout", "manager", "dredge"]) {
    for (const kind of ["spawn", "start", "deploy", "restart"]) {
      const action = begin(name, kind, { begun_at: ago(9000 - actions.length * 300), approval: kind === "deploy" ? 7 : null });
      action.output = Array.from({ length: kind === "deploy" ? 700 : 3 }, (_, i) => ({ n: i + 1, at: ago(8990 - i), text: `${kind}: line ${i + 1}` }));
      action.lines = action.output.length;
      end(action, kind === "deploy" && name === "dredge" ? "The new configuration was not healthy within 90 s; the old one runs again." : null);
      action.ended_at = new Date(Date.parse(action.begun_at) + 41_000).toISOString();
    }
  }
  const bare = ({ output, ...action }) => action;

  function logs(name, query) {
    const all = journal(name);
    const after = query.get("after");
    const reply = (lines, cut) => ({ lines, cut, cursor: String(all.length) });
    if (after === null) { const n = Number(query.get("lines") ?? 200); return reply(all.slice(-n), false); }
    if (all.length > Number(after)) return reply(all.slice(Number(after)), false);
    return new Promise((done) => later(1.6, () => done(reply(all.slice(Number(after)), false))));
  }

  return {
    snapshot: () => ({ rollouts, tombstones }),
    rebuild,
    buried(name) { const made = { name, destroyed_at: ago(0), changed_at: ago(10), size_bytes: 120_400, login_kept: true }; tombstones.push(made); emit("tombstone", { tombstone: made }); },
    route(method, path, query, body) {
      const parts = path.split("/").slice(2);
      if (parts[0] === "agents" && parts[2] === "logs") return logs(parts[1], query);
      if (parts[0] === "agents" && parts[2] === "config") return { agent: parts[1], commit: hex(3, 40), path: query.get("path"), text: `# ${query.get("path")}\n{ pkgs, ... }:\n{\n  environment.systemPackages = [ pkgs.ripgrep ];\n}\n`, cut: false, paths: ["agent.nix", "agent.toml", "flake.nix"] };
      if (parts[0] === "agents" && (parts[2] === "rebuild" || parts[2] === "update")) return { action: rebuild(parts[1]).id };
      if (path === "/api/actions") {
        const mine = actions.filter((action) => action.agent === query.get("agent") && action.id < Number(query.get("before") ?? 1e9)).reverse();
        const limit = Number(query.get("limit") ?? 30);
        return { actions: mine.slice(0, limit).map(bare), more: mine.length > limit };
      }
      if (parts[0] === "actions") {
        const action = actions[Number(parts[1]) - 1];
        if (!action) return refuse("unknown_action", "There is no such action.", 404);
        const rest = action.output.filter((line) => line.n > Number(query.get("after") ?? 0));
        return { action: bare(action), lines: rest.slice(0, 500), more: rest.length > 500 };
      }
      if (path === "/api/inputs") {
        const agents = tiles.map((tile) => ({ name: `agent-${tile.name}`, revision: tile.name === "coral" ? null : hex(tile.name.length), changed_at: tile.name === "coral" ? null : ago(40000 + tile.name.length * 9000), url: `git+file:///var/lib/hyperhive/config/applied/${tile.name}?ref=main`, agent: tile.name }));
        return { inputs: [{ name: "hyperhive", revision: hex(5), changed_at: locked, url: URL_OF.hyperhive, agent: null }, ...agents], commit: hex(9, 40), error: null };
      }
      if (path === "/api/inputs/update") {
        const all = body.names.includes("hyperhive");
        return rollout("inputs", tiles.map((tile) => tile.name).filter((name) => all || body.names.includes(`agent-${name}`)), body.names);
      }
      if (path === "/api/rollouts") return rollout("update_all", tiles.filter((tile) => tile.view.needs_update).map((tile) => tile.name));
      if (parts[0] === "tombstones") {
        const found = tombstones.find((held) => held.name === parts[1]);
        if (!found) return refuse("unknown_tombstone", `Nothing is kept of ${parts[1]}.`, 404);
        if (parts[2] === "purge") { tombstones.splice(tombstones.indexOf(found), 1); later(0.8, () => emit("tombstone_removed", { name: found.name })); return {}; }
        const approval = { id: 99, kind: "spawn", agent: found.name, status: "pending", commit: hex(4, 40), base: null, description: body.description, requested_by: "operator", requested_at: ago(0), notes: [], revives: true };
        emit("approval", { approval, resolved: 12 });
        return approval;
      }
      return null;
    },
  };
}

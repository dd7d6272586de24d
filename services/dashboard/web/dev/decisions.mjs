// Development only: made-up approvals, questions, drafts and reminders for the fixture, with their routes.
const later = (seconds, act) => setTimeout(act, seconds * 1000);
const ahead = (s) => new Date(Date.now() + s * 1000).toISOString();
const ago = (s) => ahead(-s);
const hex = (seed) => Array.from({ length: 40 }, (_, i) => "0123456789abcdef"[(seed * 7 + i * (seed + 3)) % 16]).join("");

const small = {
  "agent.toml": `diff --git a/agent.toml b/agent.toml
index 3f1a2b4..9c8d7e6 100644
--- a/agent.toml
+++ b/agent.toml
@@ -1,9 +1,14 @@
 # What hyperhive itself needs to know of this agent.
-model = "claude-sonnet-5"
+model = "claude-opus-5"
 prompt_append = """
 You keep the release notes.
+Write them for people who run the swarm, not for those who write it.
 """
 
 [tools]
--- a line that looks like a header but was removed
-allow = ["Read", "Grep"]
+allow = ["Read", "Grep", "Bash"]
+
+[mcp_servers.search]
+command = "/run/current-system/sw/bin/search-mcp"
+args = ["--index", "/state/index"]	# a tab stands before this
`.replace("-1,9 +1,14", "-1,9 +1,13"),
  "agent.nix": `diff --git a/agent.nix b/agent.nix
old mode 100644
new mode 100755
index 1c2d3e4..5f6a7b8
--- a/agent.nix
+++ b/agent.nix
@@ -4,6 +4,7 @@
   hyperhive = builtins.fromTOML (builtins.readFile ./agent.toml);
   environment.systemPackages = with pkgs; [
     ripgrep
+    pandoc # ${"\u202e"}daolnwod${"\u202c"} nothing
     jq
   ];
 }
\\ No newline at end of file
`,
  "docs/<b>bold</b> & co.md": `diff --git "a/docs/<b>bold</b> & co.md" "b/docs/<b>bold</b> & co.md"
new file mode 100644
index 0000000..e69de29
--- /dev/null
+++ "b/docs/<b>bold</b> & co.md"
@@ -0,0 +1,3 @@
+<script>document.title = "owned"</script>
+a very long line ${"that goes on and on ".repeat(30)}
+zero${"\u200b"}width
`,
};
const count = (text, sign) => text.split("\n").filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;
const partsOf = (files) => Object.entries(files).map(([path, text], number) => ({
  number, path, old_path: null, status: text.includes("new file") ? "added" : "modified", old_mode: text.includes("new file") ? null : "100644", new_mode: text.includes("new mode 100755") ? "100755" : "100644", binary: false,
  additions: count(text, "+"), deletions: count(text, "-"), text, continues: false,
}));
const huge = (n) => `diff --git a/state/words.txt b/state/words.txt\nnew file mode 100644\n--- /dev/null\n+++ b/state/words.txt\n@@ -0,0 +1,${n} @@\n${Array.from({ length: n }, (_, i) => `+line ${i + 1} of many`).join("\n")}\n`;

const approval = (id, kind, agent, status, seconds, more = {}) => ({
  id, kind, agent, status, commit: hex(id), base: kind === "spawn" ? null : hex(id + 40), description: "", requested_by: "manager", requested_at: ago(seconds), notes: [],
  decided_by: null, decided_at: null, building_at: null, resolved_at: null, note: null, ...more,
});

export function makeDecisions({ emit, messages, refuse }) {
  const approvals = [
    approval(41, "apply_commit", "scribe", "pending", 252, {
      description: "Give scribe a stronger model and pandoc.\n\nIt turned three pages of notes into nonsense yesterday;\n<img src=x onerror=alert(1)> stays text.",
      notes: ["agent.nix: made executable", "agent.nix:7: holds U+202E, right-to-left override", "an extra MCP server runs /run/current-system/sw/bin/search-mcp as the agent"],
    }),
    approval(42, "spawn", "kelp", "pending", 130, { description: "An agent that watches the build." }),
    approval(43, "apply_commit", "dredge", "pending", 60, { description: "A word list of twelve thousand lines." }),
    approval(40, "apply_commit", "scout", "building", 20, { decided_by: "operator", decided_at: ago(30), building_at: ago(20), description: "Model only." }),
  ];
  const diffs = new Map([[41, partsOf(small)], [42, partsOf({ "agent.toml": small["docs/<b>bold</b> & co.md"].replaceAll("docs/<b>bold</b> & co.md", "agent.toml") })], [43, partsOf({ "state/words.txt": huge(12000) })], [40, partsOf(small)]]);
  const hashes = new Map(approvals.map((a) => [a.id, `sha256-${a.id}-1`]));
  const past = Array.from({ length: 47 }, (_, i) => {
    const status = ["deployed", "denied", "failed", "deployed", "superseded"][i % 5];
    return approval(39 - i > 0 ? 39 - i : 100 + i, i % 4 === 3 ? "spawn" : "apply_commit", ["scout", "scribe", "urchin"][i % 3], status, 4000 + i * 5000, {
      decided_by: status === "superseded" ? null : "operator", decided_at: ago(3900 + i * 5000), resolved_at: ago(3800 + i * 5000),
      note: { denied: "Not now.\nAsk again after the release.", failed: "agent.toml:3: model: unknown model\n  rolled back to 3f1a2b4c", superseded: "applied/main moved on; rebase on 8c1d2e3f" }[status] ?? null,
    });
  });
  const questions = [
    { id: 7, asker: "dredge", to: "operator", question: "Which schema **wins**?\n\nBoth tables hold the same rows; `orders_v2` is newer.", options: ["orders_v1", "orders_v2", "Keep both"], multi: false, asked_at: ago(300), deadline: ahead(95), hold_left_seconds: 600, held_until: null },
    { id: 8, asker: "manager", to: "operator", question: "Which agents may I stop tonight?", options: ["scout", "scribe", "urchin"], multi: true, asked_at: ago(1900), deadline: null, hold_left_seconds: null, held_until: null },
    { id: 9, asker: "scout", to: "operator", question: "What is the release called?", options: [], multi: false, asked_at: ago(40), deadline: ahead(3600), hold_left_seconds: 600, held_until: null },
  ].map((q) => ({ outcome: null, answer: null, answerer: null, answered_at: null, ...q }));
  const between = { id: 10, asker: "scout", to: "scribe", question: "Where are the notes of the last release?", options: [], multi: false, asked_at: ago(400), deadline: null, outcome: null, answer: null, answerer: null, answered_at: null };
  const drafts = [{ name: "lamprey", requested_by: "manager", created_at: ago(5000), start_commit: hex(3), approval: null }, { name: "kelp", requested_by: "manager", created_at: ago(900), start_commit: hex(4), approval: 42 }];
  const reminders = [
    { id: 3, owner: "scout", message: "Look at the nightly build again.", due: ahead(312), created_at: ago(900), file_path: null, state: "pending", error: null, attempts: 0, next_attempt: null, ended_at: null, message_id: null },
    { id: 2, owner: "scribe", message: "Publish the notes.", due: ago(40), created_at: ago(9000), file_path: "/state/notes/todo.md", state: "failed", error: "/state/notes is a symbolic link; its text was not written", attempts: 3, next_attempt: ahead(35), ended_at: null, message_id: null },
  ];
  const end = (q, outcome, answer, answerer) => { Object.assign(q, { outcome, answer, answerer, answered_at: ago(0) }); emit("question", { question: q }); return q; };
  setInterval(() => { for (const q of questions) if (!q.outcome && q.deadline && Date.parse(q.deadline) < Date.now()) end(q, "expired", "[expired]", "ttl-watchdog"); }, 500);
  const step = (a, change) => {
    Object.assign(a, change);
    if (["deployed", "denied", "failed"].includes(a.status)) { approvals.splice(approvals.indexOf(a), 1); past.unshift(a); }
    emit("approval", { approval: a, resolved: past.length });
  };
  function decide(body, item) {
    const a = approvals.find((x) => x.id === item.id);
    const gone = past.find((x) => x.id === item.id);
    if (!a || a.status !== "pending") return { id: item.id, ok: false, approval: a ?? gone ?? null, code: a ?? gone ? "already_decided" : "not_found", message: `The operator decided #${item.id} already: ${(a ?? gone)?.status}.` };
    if (hashes.get(a.id) !== item.hash) return { id: a.id, ok: false, approval: a, code: "changed_since_shown", message: "It isn't what was shown. Look at it again." };
    if (body.decision === "deny") later(0.4, () => step(a, { status: "denied", decided_by: "operator", decided_at: ago(0), resolved_at: ago(0), note: body.reason || null }));
    else {
      later(0.4, () => step(a, { status: "approved", decided_by: "operator", decided_at: ago(0) }));
      later(1.5, () => step(a, { status: "building", building_at: ago(0) }));
      later(4, () => step(a, { status: "deployed", resolved_at: ago(0) }));
    }
    return { id: a.id, ok: true, approval: a, code: null, message: null };
  }
  const snapshot = () => ({ approvals, approvals_resolved: past.length, questions: questions.filter((q) => !q.outcome), drafts, reminders, broken: [{ table: "questions", id: 4, error: "options: not a list" }], inbox: messages.filter((m) => m.recipient === "operator" && ["pending", "in_flight"].includes(m.state)) });

  function route(method, path, query, body) {
    const parts = path.split("/").slice(2);
    if (path === "/dev/change") { const id = Number(query.get("id")); hashes.set(id, `sha256-${id}-2`); return {}; }
    if (path === "/api/inbox") { const mine = messages.filter((m) => m.recipient === "operator" && m.id < Number(query.get("before") ?? Infinity)); return { messages: mine.slice(-50), more: mine.length > 50 }; }
    if (path === "/api/approvals/decide") return { results: body.items.map((item) => decide(body, item)) };
    if (path === "/api/approvals/spawn") {
      if (approvals.some((a) => a.agent === body.name)) return refuse("name_taken", `${body.name} is taken: an approval of it waits.`, 409);
      const made = approval(60 + approvals.length, "spawn", body.name, "pending", 0, { description: body.description, requested_by: "operator" });
      approvals.push(made); diffs.set(made.id, diffs.get(42)); hashes.set(made.id, `sha256-${made.id}-1`);
      emit("approval", { approval: made, resolved: past.length });
      return made;
    }
    if (path === "/api/approvals/history") { const at = Number(query.get("before") ?? 0); return { approvals: past.slice(at, at + 30), broken: [], more: past.length > at + 30, before: String(at + 30), total: past.length }; }
    if (parts[0] === "approvals" && parts[2] === "diff") {
      const a = [...approvals, ...past].find((x) => x.id === Number(parts[1]));
      if (!a) return refuse("not_found", `There is no approval ${parts[1]}.`, 404);
      const all = diffs.get(a.id) ?? partsOf(small);
      const at = Number(query.get("cursor") ?? 0);
      return { approval: a, hash: hashes.get(a.id) ?? "x", base: a.base, files: all.length, additions: all.reduce((n, p) => n + p.additions, 0), deletions: all.reduce((n, p) => n + p.deletions, 0), parts: all.slice(at, at + 2), next: at + 2 < all.length ? String(at + 2) : null };
    }
    if (parts[0] === "approvals") return [...approvals, ...past].find((x) => x.id === Number(parts[1])) ?? refuse("not_found", "No such approval.", 404);
    if (parts[0] === "drafts") { drafts.splice(drafts.findIndex((d) => d.name === parts[1]), 1); emit("draft_removed", { name: parts[1] }); return {}; }
    if (path === "/api/questions") return { questions: query.get("open") === "true" ? [...questions.filter((q) => !q.outcome), between] : questions.filter((q) => q.outcome), broken: [], more: false };
    if (parts[0] === "questions") {
      const q = [...questions, between].find((x) => x.id === Number(parts[1]));
      if (q.outcome) return refuse("already_answered", `Question ${q.id} has ended: ${q.outcome}, "${q.answer}".`, 409, { answer: q.answer });
      if (parts[2] === "cancel") return end(q, "cancelled", "[cancelled]", "operator");
      if (parts[2] === "answer") return end(q, "answered", [...body.options, body.text].filter(Boolean).join(", "), "operator");
      q.held_until = ahead(30); q.hold_left_seconds -= 20;
      if (Date.parse(q.deadline) < Date.parse(q.held_until)) q.deadline = q.held_until;
      emit("question", { question: q });
      return q;
    }
    if (parts[0] === "reminders") { const r = reminders.find((x) => x.id === Number(parts[1])); reminders.splice(reminders.indexOf(r), 1); r.state = "cancelled"; emit("reminder", { reminder: r }); return r; }
    if (parts[0] === "messages" && parts[2] === "files") return { path: "/state/notes/leases.md", size: 91234, text: "# Leases\n\nA lease names its epoch.\n".repeat(6), cut: true };
    if (parts[0] === "agents" && parts[2] === "config") {
      const path = query.get("path") ?? "agent.nix";
      return { agent: parts[1], commit: hex(9), path, text: path === "agent.nix" ? "{ pkgs, ... }:\n{\n  hyperhive = builtins.fromTOML (builtins.readFile ./agent.toml);\n  environment.systemPackages = with pkgs; [ ripgrep jq ];\n}\n" : 'model = "claude-sonnet-5"\n', cut: false, paths: ["agent.nix", "agent.toml", "flake.nix"] };
    }
    return null;
  }
  return { snapshot, route };
}

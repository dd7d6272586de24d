/* Generated from hive_wire by ./run gen; do not edit. */

/**
 * The kind of a principal.
 *
 */
export type Role = "operator" | "manager" | "agent" | "core";
/**
 * What the runtime says of an agent's container.
 *
 */
export type ContainerState = "running" | "stopped" | "crashed" | "absent";
/**
 * An action in flight.
 *
 */
export type Transient = "spawning" | "starting" | "stopping" | "killing" | "restarting" | "rebuilding" | "destroying";
/**
 * What an agent's loop is doing, as its harness says it.
 *
 */
export type AgentState =
  "offline" | "starting" | "idle" | "thinking" | "compacting" | "cancelling" | "parked" | "needs_login";
/**
 * What the operator is asked to approve.
 *
 */
export type ApprovalKind = "spawn" | "apply_commit";
/**
 * How far an approval is. The last four are final.
 *
 */
export type ApprovalStatus = "pending" | "approved" | "building" | "deployed" | "failed" | "denied" | "superseded";
/**
 * What the operator decides.
 *
 */
export type Decision = "approve" | "deny";
/**
 * What a proposal does to a file.
 *
 */
export type FileStatus = "added" | "deleted" | "modified" | "renamed";
/**
 * Why a request was refused or could not be done. A code never changes its meaning.
 *
 */
export type ErrorCode =
  | "bad_request"
  | "forbidden"
  | "not_logged_in"
  | "bad_login_code"
  | "bad_origin"
  | "not_found"
  | "unknown_recipient"
  | "unknown_agent"
  | "bad_name"
  | "reserved_name"
  | "name_taken"
  | "name_too_long"
  | "port_taken"
  | "body_too_large"
  | "key_reused"
  | "stale_epoch"
  | "not_in_turn"
  | "not_dead"
  | "slow_down"
  | "busy"
  | "action_in_flight"
  | "unknown_action"
  | "unknown_input"
  | "broken_lock"
  | "build_failed"
  | "rollout_in_flight"
  | "unknown_tombstone"
  | "agent_exists"
  | "manager_protected"
  | "not_allowed"
  | "bad_path"
  | "bad_time"
  | "bad_commit"
  | "unknown_commit"
  | "no_repo"
  | "bad_proposal"
  | "fixed_file"
  | "bad_config"
  | "stale_base"
  | "nothing_new"
  | "already_decided"
  | "changed_since_shown"
  | "deploy_in_flight"
  | "unknown_draft"
  | "draft_in_use"
  | "bad_answer"
  | "already_answered"
  | "bad_recipient"
  | "hold_over"
  | "not_pending"
  | "not_running"
  | "no_turn"
  | "unavailable"
  | "disconnected"
  | "timeout"
  | "disk_full"
  | "storage_failed"
  | "internal";
/**
 * Whose lines of a container's journal.
 *
 */
export type LogUnit = "harness" | "machine";
/**
 * What is still open.
 *
 */
export type LooseEndKind = "approval" | "question" | "reminder";
/**
 * What became of a message.
 *
 */
export type MessageState = "pending" | "in_flight" | "acked" | "dead" | "dismissed";
/**
 * What a message is: somebody's words, or the system's.
 *
 */
export type MessageKind = "message" | "system";
/**
 * How a question ended.
 *
 */
export type Outcome = "answered" | "cancelled" | "expired";
/**
 * What became of a reminder. A failed one is tried again.
 *
 */
export type ReminderState = "pending" | "failed" | "fired" | "cancelled";
/**
 * What several agents are rebuilt for.
 *
 */
export type RolloutCause = "inputs" | "update_all" | "automatic";
/**
 * How far one agent of a rollout is.
 *
 */
export type RolloutState = "waiting" | "running" | "done" | "failed" | "skipped";
/**
 * Whether the dashboard hears an agent's harness. Silence is a state of its own.
 *
 */
export type Signal = "live" | "no_signal" | "down";
/**
 */
export type LiveKind =
  | "state"
  | "turn_started"
  | "turn_ended"
  | "text"
  | "thinking"
  | "tool_call"
  | "tool_result"
  | "compaction"
  | "retry"
  | "task"
  | "note"
  | "stderr"
  | "error"
  | "unknown";

export interface HiveWire {
  [k: string]: unknown;
}
/**
 * The action has begun; its end is an event.
 *
 */
export interface Accepted {
  /**
   * The action's id.
   */
  action: number;
  agent: AgentView;
}
/**
 * Everything that lifecycle knows of an agent.
 *
 */
export interface AgentView {
  name: string;
  role: Role;
  container: ContainerState;
  container_since: string;
  /**
   * Whether the operator wants it to run.
   */
  wanted: boolean;
  transient?: Transient | null;
  transient_since?: string | null;
  /**
   * How the container last ended, when it did by itself: `exit 1`, `signal 9`.
   */
  exit?: string | null;
  /**
   * Why the last action failed.
   */
  error?: string | null;
  port: number;
  created_at: string;
  /**
   * The first 12 of the deployed configuration's commit.
   */
  revision?: string | null;
  /**
   * Whether a login or a key is there for it.
   */
  logged_in?: boolean | null;
  /**
   * How often it was started again after a crash, since it was last healthy.
   */
  restarts?: number;
  /**
   * What runs was started with another version or other settings than a start now would use.
   */
  needs_update?: boolean;
  /**
   * The approval that is being carried out on it, or waits for its turn.
   */
  approval?: number | null;
}
/**
 * Actions, the last one first.
 *
 */
export interface ActionList {
  actions: ActionView[];
  more?: boolean;
}
/**
 * One action on one agent: under way while it has no end.
 *
 */
export interface ActionView {
  id: number;
  agent: string;
  /**
   * `spawn`, `start`, `deploy`, …
   */
  kind: string;
  requested_by: string;
  begun_at: string;
  ended_at?: string | null;
  /**
   * The step under way: `build`, `settle`, `health`, …
   */
  step?: string | null;
  /**
   * Why it failed; while it is under way, why it is being undone.
   */
  error?: string | null;
  /**
   * The approval that it carries out.
   */
  approval?: number | null;
  /**
   * How many lines it printed.
   */
  lines?: number;
}
/**
 * Rows of an agent's terminal, oldest first.
 *
 */
export interface AgentPageHistory {
  events: LiveEvent[];
  more: boolean;
  /**
   * They came from the running harness; otherwise from its store.
   */
  live: boolean;
}
/**
 * One row of an agent's terminal, or a change of its state.
 *
 */
export interface LiveEvent {
  agent: string;
  /**
   * The harness's start: 0 before the broker has given one.
   */
  epoch: number;
  /**
   * The event's number in the agent's history; with no store, counted from 1 in this epoch.
   */
  n: number;
  at: string;
  /**
   * A `LiveKind`, or one of a newer harness.
   */
  kind: string;
  turn?: string | null;
  data?: {
    [k: string]: unknown;
  };
}
/**
 * An agent's loop at one moment.
 *
 */
export interface AgentStatus {
  state: AgentState;
  since: string;
  /**
   * Why it is parked, or what it waits for.
   */
  reason?: string | null;
  /**
   * What it does just now, verb and object: `Bash ls -la`.
   */
  activity?: string | null;
  model?: string | null;
  /**
   * Claude Code's session id.
   */
  session?: string | null;
  /**
   * Whether a Claude Code process is up for it.
   */
  awake?: boolean;
  logged_in?: boolean | null;
  /**
   * The last inference's prompt: what fills the context window.
   */
  ctx_tokens?: number | null;
  ctx_limit?: number | null;
  /**
   * The sum over the session, at list prices.
   */
  cost_usd?: number | null;
  /**
   * Turns ended since the agent was made.
   */
  turns?: number;
  /**
   * The turn that runs.
   */
  turn?: string | null;
  last_turn_seconds?: number | null;
  /**
   * hyperhive's version that the harness runs.
   */
  version?: string | null;
  /**
   * A cancelled turn whose messages wait for retry or dismiss.
   */
  cancelled_turn?: string | null;
}
/**
 * An answer to a question: chosen options, free text, or both.
 *
 */
export interface AnswerForm {
  /**
   * @maxItems 50
   */
  options?: string[];
  text?: string;
}
/**
 * One request for the operator's decision, with every step that it has taken.
 *
 */
export interface Approval {
  id: number;
  kind: ApprovalKind;
  agent: string;
  status: ApprovalStatus;
  /**
   * The full id of the one commit that it is about.
   */
  commit: string;
  /**
   * The commit that was deployed when it was asked for; None for a new agent.
   */
  base: string | null;
  description: string;
  requested_by: string;
  requested_at: string;
  /**
   * What the operator should know beside the diff: both files set an option, a file is no text, and the like.
   */
  notes: string[];
  decided_by?: string | null;
  decided_at?: string | null;
  building_at?: string | null;
  resolved_at?: string | null;
  /**
   * The reason of a denial, the error of a failed build, what superseded it.
   */
  note?: string | null;
  /**
   * The new agent takes over what is kept of a destroyed one of that name.
   */
  revives?: boolean;
}
/**
 * An approval, whole; a resolved one leaves the queue.
 *
 */
export interface ApprovalEvent {
  type?: "approval";
  approval: Approval;
  /**
   * How many approvals are resolved now.
   */
  resolved: number;
}
/**
 * Approvals. `more`: there are further ones, to be asked for with `before`.
 *
 */
export interface ApprovalList {
  approvals: Approval[];
  broken: BrokenRow[];
  more?: boolean;
  /**
   * Where the next page begins, as it was given.
   */
  before?: string | null;
  /**
   * How many there are in all.
   */
  total?: number;
}
/**
 * A stored row that can't be decoded. Shown, never left out.
 *
 */
export interface BrokenRow {
  table: string;
  id: number;
  error: string;
}
/**
 * What the runtime can do, and in words what it can't.
 *
 */
export interface Capabilities {
  runtime: string;
  sandboxed: boolean;
  separate_users: boolean;
  memory_limits: boolean;
  /**
   * Whether `agent.nix` counts: a deploy builds the agent's whole system.
   */
  builds?: boolean;
  /**
   * Whether the harness's log and the machine's are kept apart.
   */
  separate_units?: boolean;
  max_name_length?: number | null;
  notes: string[];
}
/**
 * A file as it is deployed.
 *
 */
export interface ConfigFile {
  agent: string;
  commit: string;
  path: string;
  text: string;
  /**
   * The file is longer than a reply can be; the rest is left out.
   */
  cut: boolean;
  /**
   * All files of that commit.
   */
  paths: string[];
}
/**
 * One result for each item, in their order.
 *
 */
export interface DecideReply {
  results: DecisionResult[];
}
/**
 * What became of one decision. Exactly one of `code` and a changed `approval` says it.
 *
 */
export interface DecisionResult {
  id: number;
  ok: boolean;
  /**
   * As it is now, also when the decision was refused.
   */
  approval: Approval | null;
  /**
   * Why it was refused: `already_decided`, `changed_since_shown`, `stale_base`, `deploy_in_flight`, `not_found`, …
   */
  code?: string | null;
  message?: string | null;
}
/**
 * The operator's decision on one approval or several.
 *
 */
export interface DecideRequest {
  decision: Decision;
  /**
   * @minItems 1
   * @maxItems 100
   */
  items: [DecisionItem, ...DecisionItem[]];
  /**
   * For a denial; the manager reads it.
   */
  reason?: string | null;
}
/**
 * An approval, and the hash of what was shown of it.
 *
 */
export interface DecisionItem {
  id: number;
  hash: string;
}
/**
 * An agent to remove; `confirm` repeats its name.
 *
 */
export interface DestroyForm {
  confirm: string;
  purge?: boolean;
}
/**
 * A page of a proposal's unified diff against what is deployed; all pages' texts in a row are the whole diff.
 *
 */
export interface DiffPage {
  approval: Approval;
  /**
   * What a decision must carry: of commit, base, the full diff and everything else that is shown.
   */
  hash: string;
  /**
   * The commit that the diff is against; None: against nothing.
   */
  base: string | null;
  /**
   * How many files the whole diff has.
   */
  files: number;
  additions: number;
  deletions: number;
  parts: DiffPart[];
  next: string | null;
}
/**
 * One file's part of a unified diff, or a piece of it.
 *
 */
export interface DiffPart {
  /**
   * The file's place in the diff, from 0.
   */
  number: number;
  path: string;
  /**
   * Its name before, where it was renamed.
   */
  old_path: string | null;
  status: FileStatus;
  old_mode: string | null;
  new_mode: string | null;
  /**
   * The part is a binary patch.
   */
  binary: boolean;
  additions: number;
  deletions: number;
  /**
   * Raw unified diff, this file's header included. Bytes that are no UTF-8 stand as `\xNN`, and a note says so.
   */
  text: string;
  /**
   * The next page goes on with this file.
   */
  continues: boolean;
}
/**
 * An agent to be: it has a proposed repository and a state folder but no container.
 *
 */
export interface Draft {
  name: string;
  requested_by: string;
  created_at: string;
  /**
   * The template's commit, which a proposal must descend from; None while it is being made.
   */
  start_commit: string | null;
  /**
   * The approval that waits for the operator, if one was asked for.
   */
  approval?: number | null;
}
/**
 * A draft, whole.
 *
 */
export interface DraftEvent {
  type?: "draft";
  draft: Draft;
}
/**
 * A draft is gone.
 *
 */
export interface DraftRemovedEvent {
  type?: "draft_removed";
  name: string;
}
/**
 * The JSON of a refused request.
 *
 */
export interface ErrorBody {
  code: ErrorCode;
  /**
   * One sentence that the reader can act on.
   */
  message: string;
  details?: {
    [k: string]: unknown;
  };
}
/**
 * The beginning of a file, as it is now.
 *
 */
export interface FilePreview {
  path: string;
  /**
   * Bytes, all of the file.
   */
  size: number;
  /**
   * None for a file that is no text.
   */
  text: string | null;
  /**
   * The file is longer than what is here.
   */
  cut: boolean;
}
/**
 * A file that a message's body names, as it was when the message was stored.
 *
 */
export interface FileRef {
  /**
   * As it stands in the body.
   */
  path: string;
  /**
   * Bytes.
   */
  size: number;
}
/**
 * The inputs to be updated: `hyperhive` concerns every agent, `agent-<name>` that one.
 *
 */
export interface InputsUpdate {
  /**
   * @minItems 1
   * @maxItems 300
   */
  names: [string, ...string[]];
}
/**
 * A row of the terminal of an agent that this stream asked for.
 *
 */
export interface LiveRowEvent {
  type?: "live";
  event: LiveEvent;
}
/**
 * The code of a login address.
 *
 */
export interface LoginRequest {
  code: string;
}
/**
 * Lines, oldest first; `cut` says that some before the first were left out to keep the page in its limit.
 *
 */
export interface LogsReply {
  lines: string[];
  cut: boolean;
  /**
   * Where the next lines begin.
   */
  cursor?: string;
}
/**
 * The last lines that an agent's container printed, or those behind `after`, the `cursor` of an earlier reply.
 *
 */
export interface LogsRequest {
  name: string;
  unit?: LogUnit;
  lines?: number;
  after?: string | null;
  /**
   * How long the reply may wait for a first line behind `after`.
   */
  wait_seconds?: number;
}
/**
 * Something that somebody waits for.
 *
 */
export interface LooseEnd {
  kind: LooseEndKind;
  id: number;
  /**
   * Who asked for it.
   */
  owner: string;
  /**
   * Who or what would end it: `operator`, an agent's name, or `clock`.
   */
  waits_for: string;
  /**
   * The whole text that it is about.
   */
  summary: string;
  since: string;
  age_seconds: number;
  due?: string | null;
  /**
   * Why a reminder could not be delivered.
   */
  failed?: string | null;
}
/**
 * All loose ends that the caller may see, oldest first.
 *
 */
export interface LooseEnds {
  ends: LooseEnd[];
  broken: BrokenRow[];
  /**
   * Services whose loose ends are missing here, since they don't answer.
   */
  unreachable: string[];
  /**
   * How many more there are, newer ones, that one reply can't hold.
   */
  left_out?: number;
}
/**
 * A message with its receipt.
 *
 */
export interface Message {
  id: number;
  sender: string;
  recipient: string;
  state: MessageState;
  stored_at: string;
  /**
   * When it was last handed out; for mail to the operator, first shown on a page.
   */
  delivered_at?: string | null;
  /**
   * When its turn ended well; for mail to the operator, marked handled.
   */
  acked_at?: string | null;
  /**
   * The turn that it was last handed out in.
   */
  turn?: string | null;
  /**
   * How often it was handed out.
   */
  attempts?: number;
  /**
   * How often it was put back after having been handed out.
   */
  redelivered?: number;
  /**
   * How many of its turns failed for a reason of its own.
   */
  failures?: number;
  dead_reason?: string | null;
  body: string;
  kind?: MessageKind;
  in_reply_to?: number | null;
  /**
   * Files in the sender's and the recipient's shared folders that the body names; only the operator sees them.
   */
  file_refs?: FileRef[];
}
/**
 * A new message.
 *
 */
export interface MessageEvent {
  type?: "message";
  message: Message;
}
/**
 * Messages, oldest first. `more`: there are older ones.
 *
 */
export interface MessageList {
  messages: Message[];
  more: boolean;
}
/**
 * One input of the swarm's flake, as its lock file has it.
 *
 */
export interface MetaInput {
  /**
   * `hyperhive` or `agent-<name>`.
   */
  name: string;
  /**
   * The first 12 of the locked revision; None where it is not locked.
   */
  revision: string | null;
  /**
   * When that revision was made.
   */
  changed_at: string | null;
  url: string;
  /**
   * The agent whose configuration it is.
   */
  agent?: string | null;
}
/**
 * The inputs, `hyperhive` first, then by name.
 *
 */
export interface MetaInputs {
  inputs: MetaInput[];
  /**
   * The last commit of the swarm's flake; None where there is none yet.
   */
  commit: string | null;
  /**
   * Why the lock file can't be read; the inputs are those of the list of agents then.
   */
  error?: string | null;
}
/**
 * One line that an action printed; `n` counts from 1 without a gap.
 *
 */
export interface OutputLine {
  n: number;
  at: string;
  text: string;
}
/**
 * Lines, oldest first.
 *
 */
export interface OutputPage {
  action: ActionView;
  lines: OutputLine[];
  more?: boolean;
}
/**
 * Every refused HTTP request.
 *
 */
export interface PageError {
  error: ErrorBody;
}
/**
 * The stream is alive.
 *
 */
export interface PingEvent {
  type?: "ping";
}
/**
 * Agents whose names hash to one port.
 *
 */
export interface PortConflict {
  port: number;
  agents: string[];
}
/**
 * An action printed lines; those before them come from `GET /api/actions/ID/output`.
 *
 */
export interface PrintedEvent {
  type?: "printed";
  action: number;
  agent: string;
  lines: OutputLine[];
}
/**
 * A question and, once it has one, its answer.
 *
 */
export interface Question {
  id: number;
  asker: string;
  /**
   * `operator` or an agent's name.
   */
  to: string;
  question: string;
  options: string[];
  multi: boolean;
  asked_at: string;
  /**
   * When it ends as expired; later while it is held.
   */
  deadline: string | null;
  /**
   * How much longer the operator can hold the deadline in all; None without one.
   */
  hold_left_seconds?: number | null;
  /**
   * While the operator is writing: until when the deadline is held at the least.
   */
  held_until?: string | null;
  outcome?: Outcome | null;
  answer?: string | null;
  answerer?: string | null;
  answered_at?: string | null;
}
/**
 * A question to the operator, whole; one with an outcome leaves the queue.
 *
 */
export interface QuestionEvent {
  type?: "question";
  question: Question;
}
/**
 * Questions, oldest first. `more`: there are older ones.
 *
 */
export interface QuestionList {
  questions: Question[];
  broken: BrokenRow[];
  more?: boolean;
}
/**
 * What became of one message.
 *
 */
export interface Receipt {
  id: number;
  sender: string;
  recipient: string;
  state: MessageState;
  stored_at: string;
  /**
   * When it was last handed out; for mail to the operator, first shown on a page.
   */
  delivered_at?: string | null;
  /**
   * When its turn ended well; for mail to the operator, marked handled.
   */
  acked_at?: string | null;
  /**
   * The turn that it was last handed out in.
   */
  turn?: string | null;
  /**
   * How often it was handed out.
   */
  attempts?: number;
  /**
   * How often it was put back after having been handed out.
   */
  redelivered?: number;
  /**
   * How many of its turns failed for a reason of its own.
   */
  failures?: number;
  dead_reason?: string | null;
}
/**
 * A message that the page may have changed its state.
 *
 */
export interface ReceiptEvent {
  type?: "receipt";
  receipt: Receipt;
}
/**
 * A message to oneself, later.
 *
 */
export interface Reminder {
  id: number;
  owner: string;
  message: string;
  due: string;
  created_at: string;
  /**
   * Where its text is written; the message then only points there.
   */
  file_path: string | null;
  state: ReminderState;
  /**
   * Why its last delivery failed.
   */
  error?: string | null;
  /**
   * How many deliveries failed.
   */
  attempts?: number;
  /**
   * When a failed one is tried again.
   */
  next_attempt?: string | null;
  ended_at?: string | null;
  /**
   * The message that it became.
   */
  message_id?: number | null;
}
/**
 * How many reminders of one agent are open.
 *
 */
export interface ReminderCount {
  owner: string;
  open: number;
}
/**
 * A reminder, whole; one that fired or was cancelled leaves the list.
 *
 */
export interface ReminderEvent {
  type?: "reminder";
  reminder: Reminder;
  /**
   * How many reminders are open now.
   */
  total?: number;
}
/**
 * Open reminders by id, with the counts of all.
 *
 */
export interface ReminderList {
  reminders: Reminder[];
  counts: ReminderCount[];
  more?: boolean;
}
/**
 * The stream can't go on from where the page was: take a new snapshot.
 *
 */
export interface ResetEvent {
  type?: "reset";
}
/**
 * An agent to ask for anew, with what is kept of it; the operator then decides on it like on any other.
 *
 */
export interface ReviveForm {
  description?: string;
  /**
   * Made by the page, new for each request and kept for its retries.
   */
  key: string;
}
/**
 * Agents that are rebuilt one after another.
 *
 */
export interface Rollout {
  id: number;
  cause: RolloutCause;
  requested_by: string;
  begun_at: string;
  ended_at?: string | null;
  /**
   * The inputs that were updated for it.
   */
  inputs?: string[];
  /**
   * The commit of the swarm's flake that has the new lock; None until it is made, and where nothing changed.
   */
  commit?: string | null;
  /**
   * Why the inputs could not be updated; nothing was rebuilt then.
   */
  error?: string | null;
  agents: RolloutAgent[];
}
/**
 * One agent of a rollout.
 *
 */
export interface RolloutAgent {
  name: string;
  state: RolloutState;
  action?: number | null;
  /**
   * Why it failed or was passed over.
   */
  error?: string | null;
}
/**
 * A rollout, whole.
 *
 */
export interface RolloutEvent {
  type?: "rollout";
  rollout: Rollout;
}
/**
 * Everything the page shows, at one position of its event stream.
 *
 */
export interface Snapshot {
  position: string;
  swarm: Swarm;
  /**
   * The manager first, then by name.
   */
  agents: Tile[];
  messages: Message[];
  messages_more: boolean;
  /**
   * Mail to the operator that is not handled, oldest first.
   */
  inbox?: Message[];
  /**
   * There is older mail that is not handled either.
   */
  inbox_more?: boolean;
  /**
   * Those that wait for the operator or are under way, oldest first.
   */
  approvals?: Approval[];
  /**
   * How many approvals are resolved.
   */
  approvals_resolved?: number;
  /**
   * Open questions to the operator, oldest first.
   */
  questions?: Question[];
  /**
   * There are further open questions to the operator.
   */
  questions_more?: boolean;
  drafts?: Draft[];
  /**
   * Open reminders of the swarm, the soonest first; at most 1,000.
   */
  reminders?: Reminder[];
  /**
   * How many reminders are open.
   */
  reminders_total?: number;
  /**
   * Stored rows that can't be decoded.
   */
  broken?: BrokenRow[];
  /**
   * Those under way and the one that ended last, oldest first.
   */
  rollouts?: Rollout[];
  /**
   * What is kept of destroyed agents, by name.
   */
  tombstones?: Tombstone[];
}
/**
 * The swarm as a whole.
 *
 */
export interface Swarm {
  name: string;
  version: string;
  capabilities: Capabilities;
  conflicts: PortConflict[];
  /**
   * Services that the dashboard doesn't reach just now.
   */
  unreachable: string[];
  /**
   * The largest message body, bytes.
   */
  body_limit: number;
}
/**
 * One agent on the page: its container, its loop and its mail, never merged into one word.
 *
 */
export interface Tile {
  name: string;
  view: AgentView;
  /**
   * What the harness last said; None when it never did.
   */
  status: AgentStatus | null;
  signal: Signal;
  signal_since: string;
  pending?: number;
  in_flight?: number;
  dead?: number;
  /**
   * How many of its reminders are open.
   */
  reminders?: number;
}
/**
 * State and configuration of an agent that was destroyed.
 *
 */
export interface Tombstone {
  name: string;
  destroyed_at: string;
  /**
   * When anything in it last changed.
   */
  changed_at: string;
  size_bytes: number;
  /**
   * Whether its Claude login is among it.
   */
  login_kept: boolean;
}
/**
 * An agent to make.
 *
 */
export interface SpawnForm {
  name: string;
}
/**
 * An agent to ask for; the operator then decides on it like on any other.
 *
 */
export interface SpawnRequestForm {
  name: string;
  description?: string;
}
/**
 * The swarm's own facts, whole.
 *
 */
export interface SwarmEvent {
  type?: "swarm";
  swarm: Swarm;
}
/**
 * An agent's tile, whole.
 *
 */
export interface TileEvent {
  type?: "agent";
  agent: Tile;
}
/**
 * An agent is gone.
 *
 */
export interface TileRemovedEvent {
  type?: "agent_removed";
  name: string;
}
/**
 * Something is kept of a destroyed agent; the whole of it.
 *
 */
export interface TombstoneEvent {
  type?: "tombstone";
  tombstone: Tombstone;
}
/**
 * Tombstones by name.
 *
 */
export interface TombstoneList {
  tombstones: Tombstone[];
}
/**
 * Nothing is kept of it any more, or it lives again.
 *
 */
export interface TombstoneRemovedEvent {
  type?: "tombstone_removed";
  name: string;
}

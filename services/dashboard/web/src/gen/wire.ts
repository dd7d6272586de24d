/* Generated from hive_wire by ./run gen; do not edit. */

/**
 * What an agent's loop is doing, as its harness says it.
 *
 */
export type AgentState =
  "offline" | "starting" | "idle" | "thinking" | "compacting" | "cancelling" | "parked" | "needs_login";
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
export type Transient = "spawning" | "starting" | "stopping" | "killing" | "restarting" | "destroying";
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
  | "manager_protected"
  | "not_running"
  | "no_turn"
  | "unavailable"
  | "disconnected"
  | "timeout"
  | "disk_full"
  | "storage_failed"
  | "internal";
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
   * A cancelled turn whose messages wait for retry or dismiss.
   */
  cancelled_turn?: string | null;
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
  notes: string[];
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
 * The stream can't go on from where the page was: take a new snapshot.
 *
 */
export interface ResetEvent {
  type?: "reset";
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
}
/**
 * An agent to make.
 *
 */
export interface SpawnForm {
  name: string;
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

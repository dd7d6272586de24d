// Requests to the dashboard: JSON in and out, refusals as ApiError with the wire's code.
import type {
  Accepted, ActionList, AgentPageHistory, AnswerForm, Approval, ApprovalList, ConfigFile, DecideReply, DecideRequest, DiffPage, ErrorBody, FilePreview,
  LogsReply, LogUnit, Message, MessageState, MetaInputs, OutputPage, Question, QuestionList, Reminder, Rollout, Snapshot,
} from "./gen/wire";

export interface MessagePage { messages: Message[]; more: boolean }
export interface Sent { id: number; state: MessageState; stored_at: string; repeated?: boolean }

/** `offline` is ours: the request never got an answer, so whether it took effect is unknown. */
export type Code = ErrorBody["code"] | "offline" | "bad_answer";

export class ApiError extends Error {
  constructor(readonly code: Code, message: string, readonly status: number, readonly details: Record<string, unknown> = {}) {
    super(message);
  }
}

let onLoggedOut: () => void = () => undefined;
export function whenLoggedOut(act: () => void): void {
  onLoggedOut = act;
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error: ErrorBody };
    return new ApiError(error.code, error.message, answer.status, error.details);
  } catch {
    return new ApiError("bad_answer", `The dashboard answered ${answer.status} without saying why.`, answer.status);
  }
}

interface How { headers?: Record<string, string>; signal?: AbortSignal }

async function request<T>(method: "GET" | "POST", path: string, body?: unknown, { headers = {}, signal }: How = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch {
    throw new ApiError("offline", "The dashboard doesn't answer.", 0);
  }
  if (!answer.ok) {
    const error = await refusal(answer);
    if (error.code === "not_logged_in") onLoggedOut();
    throw error;
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>("GET", path, undefined, signal ? { signal } : {});
const post = <T = unknown>(path: string, body: unknown = {}): Promise<T> => request<T>("POST", path, body);
const query = (of: Record<string, string | number | boolean | null | undefined>): string => {
  const given = Object.entries(of).flatMap(([key, value]) => (value == null ? [] : [[key, String(value)]]));
  return given.length > 0 ? `?${new URLSearchParams(given)}` : "";
};
const agent = (name: string): string => `/api/agents/${encodeURIComponent(name)}`;

export type AgentAction = "start" | "stop" | "kill" | "restart" | "rebuild" | "update" | "cancel" | "compact" | "new_session" | "retry" | "dismiss" | "check_login";

export const api = {
  login: (code: string) => post<void>("/api/login", { code }),
  logout: () => post<void>("/api/logout"),
  snapshot: () => get<Snapshot>("/api/snapshot"),
  older: (before: number, limit = 50) => get<MessagePage>(`/api/messages?before=${before}&limit=${limit}`),
  dead: () => get<MessagePage>("/api/messages?state=dead&limit=500"),
  thread: (id: number) => get<MessagePage>(`/api/messages/${id}/thread`),
  send: (to: string, body: string, key: string, inReplyTo: number | null) =>
    post<Sent>("/api/messages", { to, body, key, in_reply_to: inReplyTo }),
  shown: (ids: number[]) => post("/api/messages/shown", { ids }),
  mail: (id: number, verb: "handled" | "retry" | "dismiss") => post(`/api/messages/${id}/${verb}`),
  history: (name: string, where: { before?: number; after?: number }) => {
    const at = where.before !== undefined ? `before=${where.before}&` : where.after !== undefined ? `after=${where.after}&` : "";
    return get<AgentPageHistory>(`${agent(name)}/history?${at}limit=500`);
  },
  inbox: (name: string) => get<MessagePage>(`${agent(name)}/inbox`),
  spawn: (name: string) => post("/api/agents", { name }),
  act: (name: string, action: AgentAction) => post<Accepted | object>(`${agent(name)}/${action}`),
  model: (name: string, model: string) => post(`${agent(name)}/model`, { model }),
  destroy: (name: string, purge: boolean) => post(`${agent(name)}/destroy`, { confirm: name, purge }),
  config: (name: string, path: string | null) => get<ConfigFile>(`${agent(name)}/config${query({ path })}`),
  file: (message: number, number: number) => get<FilePreview>(`/api/messages/${message}/files/${number}`),
  toOperator: (before: number | null, limit = 50) => get<MessagePage>(`/api/inbox${query({ before, limit })}`),
  diff: (id: number, cursor: string | null) => get<DiffPage>(`/api/approvals/${id}/diff${query({ cursor })}`),
  approval: (id: number) => get<Approval>(`/api/approvals/${id}`),
  approvalHistory: (before: string | null, limit = 30) => get<ApprovalList>(`/api/approvals/history${query({ before, limit })}`),
  decide: (decision: DecideRequest) => post<DecideReply>("/api/approvals/decide", decision),
  requestSpawn: (name: string, description: string, key: string) =>
    request<Approval>("POST", "/api/approvals/spawn", { name, description }, { headers: { "idempotency-key": key } }),
  discardDraft: (name: string) => post(`/api/drafts/${encodeURIComponent(name)}/discard`),
  questions: (open: boolean) => get<QuestionList>(`/api/questions${query({ open })}`),
  answer: (id: number, form: AnswerForm) => post<Question>(`/api/questions/${id}/answer`, form),
  cancelQuestion: (id: number) => post<Question>(`/api/questions/${id}/cancel`),
  hold: (id: number) => post<Question>(`/api/questions/${id}/hold`),
  cancelReminder: (id: number) => post<Reminder>(`/api/reminders/${id}/cancel`),
  logs: (name: string, of: { unit: LogUnit; lines?: number; after?: string; wait?: number }, signal?: AbortSignal) =>
    get<LogsReply>(`${agent(name)}/logs${query(of)}`, signal),
  actions: (name: string, before: number | null = null, limit = 10) => get<ActionList>(`/api/actions${query({ agent: name, before, limit })}`),
  output: (action: number, after: number, limit = 1000) => get<OutputPage>(`/api/actions/${action}/output${query({ after, limit })}`),
  inputs: () => get<MetaInputs>("/api/inputs"),
  updateInputs: (names: string[]) => post<Rollout>("/api/inputs/update", { names }),
  updateAll: () => post<Rollout>("/api/rollouts"),
  revive: (name: string, description: string, key: string) => post<Approval>(`/api/tombstones/${encodeURIComponent(name)}/revive`, { description, key }),
  purgeKept: (name: string) => post(`/api/tombstones/${encodeURIComponent(name)}/purge`),
};

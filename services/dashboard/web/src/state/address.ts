// What an address of the page means.
export type MailView = "flow" | "you" | "dead";
export const DECISION_VIEWS = ["waiting", "approvals", "questions", "inbox", "reminders"] as const;
export type DecisionsView = (typeof DECISION_VIEWS)[number];
export type ApprovalsTab = "pending" | "history";
export const INFRA_VIEWS = ["containers", "inputs", "kept"] as const;
export type InfraView = (typeof INFRA_VIEWS)[number];
export const ROW_PARTS = ["journal", "config", "builds", "live"] as const;
export type RowPart = (typeof ROW_PARTS)[number];
export type Route =
  | { page: "fleet" }
  | { page: "messages"; message: number | null; view: MailView }
  | { page: "decisions"; view: DecisionsView | null; tab: ApprovalsTab | null; approval: number | null }
  | { page: "infra"; view: InfraView; agent: string | null; part: RowPart; action: number | null }
  | { page: "agent"; name: string }
  | { page: "login" }
  | { page: "missing"; path: string };

export function parse(path: string, query: string): Route {
  const agent = /^\/a\/([^/]+)\/?$/.exec(path);
  if (agent?.[1]) return { page: "agent", name: decodeURIComponent(agent[1]) };
  if (path === "/") return { page: "fleet" };
  if (path === "/login") return { page: "login" };
  if (path === "/messages") {
    const asked = new URLSearchParams(query);
    const id = Number(asked.get("m"));
    const view = asked.get("view");
    return { page: "messages", message: Number.isInteger(id) && id > 0 ? id : null, view: view === "you" || view === "dead" ? view : "flow" };
  }
  if (path === "/decisions") {
    const asked = new URLSearchParams(query);
    const view = asked.get("view");
    const tab = asked.get("tab");
    const id = Number(asked.get("approval"));
    return {
      page: "decisions", view: DECISION_VIEWS.find((known) => known === view) ?? null,
      tab: tab === "pending" || tab === "history" ? tab : null, approval: Number.isInteger(id) && id > 0 ? id : null,
    };
  }
  if (path === "/infra" || path === "/infra/kept") {
    const asked = new URLSearchParams(query);
    const action = Number(asked.get("action"));
    return {
      page: "infra", view: path === "/infra/kept" ? "kept" : (INFRA_VIEWS.find((known) => known === asked.get("view")) ?? "containers"),
      agent: asked.get("agent"), part: ROW_PARTS.find((known) => known === asked.get("part")) ?? "journal",
      action: Number.isInteger(action) && action > 0 ? action : null,
    };
  }
  return { page: "missing", path };
}

/** The address of one agent's opened row. */
export const rowAddress = (agent: string, part: RowPart = "journal", action: number | null = null): string =>
  `/infra?${new URLSearchParams({ agent, part, ...(action === null ? {} : { action: String(action) }) })}`;

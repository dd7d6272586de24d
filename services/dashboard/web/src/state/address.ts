// What an address of the page means.
export type MailView = "flow" | "you" | "dead";
export type Route =
  | { page: "fleet" }
  | { page: "messages"; message: number | null; view: MailView }
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
  return { page: "missing", path };
}

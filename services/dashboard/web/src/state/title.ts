// The browser tab's title: the page's name and how much waits for the operator.
import { effect } from "@preact/signals";
import { all } from "./agents";
import { needsLogin } from "./mood";
import { dead } from "./messages";
import { waiting } from "./queue";
import { route } from "./route";

export const waitingCount = (): number =>
  waiting.value.length + dead.value.length +
  all.value.filter((tile) => needsLogin(tile) || tile.view.container === "crashed" || tile.status?.cancelled_turn).length;

export function startTitle(): void {
  effect(() => {
    const at = route.value;
    const name = at.page === "agent" ? at.name : { fleet: "Fleet", messages: "Messages", decisions: "Decisions", infra: "Infrastructure", login: "Log in", missing: "Not found" }[at.page];
    const waits = waitingCount();
    document.title = `${waits ? `(${waits}) ` : ""}${name} · hyperhive`;
  });
}

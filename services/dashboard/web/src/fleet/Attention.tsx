// What waits for the operator, each with its reason, its age and the way to end it.
import { rowAddress } from "../state/address";
import { all } from "../state/agents";
import { dead, forOperator } from "../state/messages";
import { waiting } from "../state/queue";
import { Left } from "../ui/Left";
import { gist } from "./LatestMail";
import { needsLogin, type Hue, type Shape } from "../state/mood";
import { count } from "../words";
import { StateMark } from "../ui/StateMark";
import { Since } from "../ui/Time";

interface Need { key: string; shape: Shape; hue: Hue; who: string; why: string; since: string | null; href: string; act: string; due?: string | null }

const SHOWN = 6;

function needs(): Need[] {
  const found: Need[] = [];
  const decisions = waiting.value.filter((item) => item.kind !== "mail");
  for (const item of decisions.slice(0, SHOWN)) {
    if (item.kind === "question") found.push({ key: item.key, shape: "bang", hue: "peach", who: item.question.asker, why: `asks: ${gist(item.question.question)}`, since: item.since, due: item.deadline, href: "/decisions?view=waiting", act: "Answer" });
    else if (item.kind === "approval") found.push({ key: item.key, shape: "bang", hue: "peach", who: item.approval.agent, why: `${item.approval.kind === "spawn" ? "new agent" : "configuration"} #${item.approval.id} waits for your approval`, since: item.since, href: `/decisions?approval=${item.approval.id}`, act: "Review" });
  }
  if (decisions.length > SHOWN) found.push({ key: "more", shape: "bang", hue: "peach", who: "you", why: `${decisions.length - SHOWN} more decisions wait`, since: null, href: "/decisions?view=waiting", act: "See all" });
  const mail = forOperator.value;
  if (mail[0]) found.push({ key: "mail", shape: "bang", hue: "peach", who: "you", why: `${count(mail.length, "message")} to you, not yet handled`, since: mail[0].stored_at, href: `/messages?m=${mail[0].id}`, act: "Read" });
  for (const tile of all.value) {
    const { name, status, view } = tile;
    const href = `/a/${name}`;
    const item = (key: string, shape: Shape, hue: Hue, why: string, since: string | null, act: string, to = href): void => {
      found.push({ key: `${name}-${key}`, shape, hue, who: name, why, since, href: to, act });
    };
    if (needsLogin(tile)) item("login", "bang", "peach", "needs a login or an API key", status?.since ?? null, "How to");
    if (status?.cancelled_turn) item("cancelled", "bang", "peach", "a cancelled turn's mail waits for your choice", status.since, "Choose");
    if (view.container === "crashed" && !view.transient) item("crash", "cross", "red", `crashed${view.exit ? ` (${view.exit})` : ""}`, view.container_since, "Look", rowAddress(name, "journal"));
    if (view.error) item("error", "cross", "red", view.error, null, "Look", rowAddress(name, "builds"));
    if (tile.signal === "no_signal") item("signal", "hatch", "red", "runs, but gives no signal", tile.signal_since, "Look");
    if (status?.state === "parked" && tile.signal === "live") item("parked", "bars", "yellow", status.reason ?? "parked", status.since, "Look");
  }
  if (dead.value[0]) found.push({ key: "dead", shape: "cross", hue: "red", who: "mail", why: `${count(dead.value.length, "dead letter")}: handling failed too often`, since: dead.value[0].stored_at, href: "/messages?view=dead", act: "Decide" });
  return found;
}

export function Attention() {
  const list = needs();
  if (list.length === 0) return null;
  return (
    <section class="attention card" aria-labelledby="needs-you" data-testid="attention">
      <h2 id="needs-you" class="kicker">Needs you</h2>
      <ul class="attention-list">
        {list.map((need) => (
          <li key={need.key} class={`hue-${need.hue}`}>
            <a href={need.href}>
              <StateMark shape={need.shape} />
              <b class="mono who">{need.who}</b>
              <span class="why">{need.why}</span>
              {need.due && <span class="num"><Left at={need.due} prefix="ends in " over="ending" /></span>}
              {need.since && !need.due && <span class="dim num"><Since at={need.since} /></span>}
              <span class="btn small" aria-hidden="true">{need.act}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

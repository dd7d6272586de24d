// The bar of every page: where one is, where one can go, whether the page is current.
import { thinking } from "../state/agents";
import { dead } from "../state/messages";
import { waiting } from "../state/queue";
import { route } from "../state/route";
import { swarm } from "../state/swarm";
import { count } from "../words";
import { ConnectionPill } from "./ConnectionPill";
import { Icon, type IconName } from "./Icon";
import { Settings } from "./Settings";

interface LinkProps { href: string; word: string; brief?: string; icon: IconName; here: boolean; badge?: number; what?: string }

function NavLink({ href, word, brief, icon, here, badge = 0, what = "" }: LinkProps) {
  return (
    <a href={href} class="nav-link" aria-current={here ? "page" : undefined} aria-label={brief && word} data-testid={`nav-${word.toLowerCase()}`}>
      <Icon name={icon} size={16} />
      {brief ? <><span class="wide-word">{word}</span><span class="brief-word" aria-hidden="true">{brief}</span></> : <span>{word}</span>}
      {badge > 0 && <span class="badge num" aria-label={`${count(badge, what)} waiting`}>{badge}</span>}
    </a>
  );
}

export function Nav({ where }: { where: "top" | "bottom" }) {
  const page = route.value.page;
  return (
    <nav class={`nav nav-${where}`} aria-label={where === "top" ? "Pages" : "Pages, below"}>
      <NavLink href="/" word="Fleet" icon="fleet" here={page === "fleet" || page === "agent"} />
      <NavLink href="/decisions" word="Decisions" icon="decide" here={page === "decisions"} badge={waiting.value.length} what="decision" />
      <NavLink href="/messages" word="Messages" icon="mail" here={page === "messages"} badge={dead.value.length} what="dead letter" />
      <NavLink href="/infra" word="Infrastructure" brief="Infra" icon="rack" here={page === "infra"} />
    </nav>
  );
}

export function TopBar() {
  return (
    <header class={`topbar${thinking.value ? " shimmer" : ""}`}>
      <a href="/" class="brand" aria-label="hyperhive, fleet">
        <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
          <path fill="none" stroke="currentColor" stroke-width="2.500" stroke-linejoin="round" d="M16 2.500l11.700 6.750v13.500L16 29.500 4.300 22.750V9.250z" />
          <path fill="currentColor" d="M16 10l5.200 3v6L16 22l-5.200-3v-6z" />
        </svg>
        <span class="brand-name">hyperhive</span>
      </a>
      <Nav where="top" />
      <span class="grow" />
      {swarm.value && <span class="swarm-name mono dim" data-testid="swarm-name">{swarm.value.name}</span>}
      <ConnectionPill />
      <Settings />
    </header>
  );
}

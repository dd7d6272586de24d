// The shell: bar, banners, the page that the address names, and what every page shares.
import { AgentPage } from "./agent/AgentPage";
import { DecisionsPage } from "./decisions/DecisionsPage";
import { FleetPage } from "./fleet/FleetPage";
import { InfraPage } from "./infra/InfraPage";
import { LoginPage } from "./login/LoginPage";
import { MessagesPage } from "./messages/MessagesPage";
import { route } from "./state/route";
import { connection } from "./state/stream";
import { Banners } from "./ui/Banners";
import { Missing } from "./ui/Missing";
import { Nav, TopBar } from "./ui/TopBar";
import { TipLayer } from "./ui/TipLayer";

function Page() {
  const at = route.value;
  switch (at.page) {
    case "fleet":
      return <FleetPage />;
    case "messages":
      return <MessagesPage target={at.message} view={at.view} />;
    case "decisions":
      return <DecisionsPage at={at} />;
    case "infra":
      return <InfraPage at={at} />;
    case "agent":
      return <AgentPage key={at.name} name={at.name} />;
    default:
      return <Missing what="There is no page at this address." />;
  }
}

export function App() {
  if (route.value.page === "login") return <LoginPage />;
  const stale = connection.value.state === "offline";
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <TopBar />
      <Banners />
      <main id="main" class={stale ? "stale" : ""} tabIndex={-1}>
        <Page />
      </main>
      <Nav where="bottom" />
      <TipLayer />
    </div>
  );
}

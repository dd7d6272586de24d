// One agent: its header, its terminal with the prompt line, and beside it its inbox.
import { useEffect, useState } from "preact/hooks";
import { agentNamed } from "../state/agents";
import { needsLogin } from "../state/mood";
import { follow } from "../state/stream";
import { swarm } from "../state/swarm";
import { Loading } from "../ui/Loading";
import { Missing } from "../ui/Missing";
import { AgentHeader } from "./AgentHeader";
import { CancelledCard } from "./CancelledCard";
import { ConfigCard } from "./ConfigCard";
import { InboxRail } from "./InboxRail";
import { LoginCard } from "./LoginCard";
import { LooseEndsCard } from "./LooseEndsCard";
import { PromptLine } from "./PromptLine";
import { StoppedNote } from "./StoppedNote";
import { Terminal } from "./Terminal";

export function AgentPage({ name }: { name: string }) {
  const [tab, setTab] = useState<"terminal" | "inbox">("terminal");
  const tile = agentNamed(name);
  const known = tile !== null;
  useEffect(() => {
    if (!known) return undefined;
    follow(name);
    return () => follow(null);
  }, [name, known]);
  if (!tile) return swarm.value ? <Missing what={`There is no agent called ${name}.`} /> : <div class="page"><Loading rows={3} height={120} /></div>;

  const tabOf = (id: typeof tab, word: string) => (
    <button type="button" class="tab" aria-pressed={tab === id} onClick={() => setTab(id)} data-testid={`tab-${id}`}>{word}{id === "inbox" && tile.pending ? <span class="badge num">{tile.pending}</span> : null}</button>
  );
  return (
    <div class={`page agent tab-${tab}`} data-testid="agent-page">
      <AgentHeader tile={tile} />
      <div class="tabs narrow" role="group" aria-label="Parts of this page">{tabOf("terminal", "Terminal")}{tabOf("inbox", "Inbox")}</div>
      <div class="agent-main">
        {needsLogin(tile) && <LoginCard name={name} />}
        {tile.status?.cancelled_turn && <CancelledCard name={name} inFlight={tile.in_flight ?? 0} />}
        <StoppedNote tile={tile} />
        <Terminal name={name} />
        <PromptLine tile={tile} />
      </div>
      <aside class="rail agent-rail" aria-label="Beside the terminal">
        <LooseEndsCard name={name} />
        <ConfigCard key={name} name={name} revision={tile.view.revision ?? null} />
        <InboxRail name={name} />
      </aside>
    </div>
  );
}

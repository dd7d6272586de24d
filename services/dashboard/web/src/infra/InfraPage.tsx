// Infrastructure: the containers, the inputs of the swarm's flake, what is kept of destroyed agents; and rebuilds under way.
import type { Route } from "../state/address";
import { names } from "../state/agents";
import { shownRollouts } from "../state/rollouts";
import { swarm } from "../state/swarm";
import { tombstones } from "../state/tombstones";
import { Heading } from "../ui/Heading";
import { Loading } from "../ui/Loading";
import { ContainersView } from "./ContainersView";
import { InfraTabs } from "./InfraTabs";
import { InputsView } from "./InputsView";
import { KeptView } from "./KeptView";
import { RolloutCard } from "./RolloutCard";

type At = Extract<Route, { page: "infra" }>;

export function InfraPage({ at }: { at: At }) {
  const away = swarm.value?.unreachable.includes("lifecycle") ?? false;
  return (
    <div class="page infra" data-testid="infra">
      <div class="page-head">
        <Heading plain="Infrastructure" leet="R3BU1LD" />
        <span class="grow" />
        <InfraTabs here={at.view} counts={{ containers: names.value.length, inputs: 0, kept: tombstones.value.length }} />
      </div>
      {swarm.value === null ? <Loading rows={4} height={88} /> : (
        <>
          {away && <p class="note hue-red" role="status" data-testid="infra-stale"><span class="grow"><b>lifecycle</b> can't be reached: containers may be in another state than shown here.</span></p>}
          {shownRollouts.value.map((rollout) => <RolloutCard key={rollout.id} rollout={rollout} />)}
          {at.view === "containers" ? <ContainersView at={at} away={away} /> : at.view === "inputs" ? <InputsView /> : <KeptView />}
        </>
      )}
    </div>
  );
}

// How far an approval is, in a shape, a hue and a word; and what it is about in a few words.
import type { Approval, ApprovalStatus } from "../gen/wire";
import type { Hue, Shape } from "../state/mood";

export const looks: Record<ApprovalStatus, { shape: Shape; hue: Hue; word: string }> = {
  pending: { shape: "bang", hue: "peach", word: "waits for you" },
  approved: { shape: "chevron", hue: "blue", word: "approved" },
  building: { shape: "arc", hue: "blue", word: "building" },
  deployed: { shape: "square", hue: "green", word: "deployed" },
  failed: { shape: "cross", hue: "red", word: "failed" },
  denied: { shape: "bars", hue: "yellow", word: "denied" },
  superseded: { shape: "hollow", hue: "quiet", word: "superseded" },
};

export const short = (commit: string): string => commit.slice(0, 10);

export const kindWord = (approval: Approval): string => (approval.kind === "spawn" ? "new agent" : "configuration");

/** Since when it is as it is. */
export function sinceWhen(approval: Approval): string {
  const { status, requested_at, decided_at, building_at, resolved_at } = approval;
  if (status === "pending") return requested_at;
  if (status === "approved") return decided_at ?? requested_at;
  if (status === "building") return building_at ?? decided_at ?? requested_at;
  return resolved_at ?? decided_at ?? requested_at;
}

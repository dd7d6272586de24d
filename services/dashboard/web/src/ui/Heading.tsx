// A section's heading: its plain name, with the leet spelling beside it as decoration.
import type { ComponentChildren } from "preact";
import { leet } from "../state/prefs";

interface Props { plain: string; leet?: string; level?: 1 | 2; id?: string; children?: ComponentChildren }

export function Heading({ plain, leet: skin, level = 1, id, children }: Props) {
  const Tag = `h${level}` as "h1";
  return (
    <Tag class="heading" id={id}>
      {skin && leet.value === "on" && <span class="leet" aria-hidden="true">{skin}</span>}
      <span>{plain}</span>
      {children}
    </Tag>
  );
}

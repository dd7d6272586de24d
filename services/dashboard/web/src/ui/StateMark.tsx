// A state's mark: a shape of its own, so that hue is never the only sign.
import type { Shape } from "../state/mood";

const line = { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" } as const;

const shapes = {
  dot: <circle cx="6" cy="6" r="2.500" fill="currentColor" />,
  chevron: <path d="M3.500 2l5 4-5 4" {...line} />,
  ring: <circle cx="6" cy="6" r="4" {...line} />,
  bang: <path d="M6 1.500v5.500M6 10.200v.1" {...line} stroke-width="2.500" />,
  cross: <path d="M2.500 2.500l7 7M9.500 2.500l-7 7" {...line} />,
  bars: <path d="M4 2.500v7M8 2.500v7" {...line} />,
  hatch: <path d="M1.500 10l4-8M6.500 10l4-8" {...line} />,
  hollow: <circle cx="6" cy="6" r="3.500" {...line} stroke-width="1.500" />,
  square: <rect x="2" y="2" width="8" height="8" rx="1.500" fill="currentColor" />,
  box: <rect x="2" y="2" width="8" height="8" rx="1.500" {...line} stroke-width="1.500" />,
  arc: <path d="M6 2a4 4 0 1 1-4 4" {...line} />,
  tilde: <path d="M1.500 7c1.500-3 3-3 4.500-1s3 2 4.500-1" {...line} />,
} satisfies Record<Shape, unknown>;

export function StateMark({ shape, moving = false }: { shape: Shape; moving?: boolean }) {
  return <svg class={`mark${moving ? " pulse" : ""}`} viewBox="0 0 12 12" aria-hidden="true">{shapes[shape]}</svg>;
}

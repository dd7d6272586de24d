// The few icons of the page, drawn as strokes; each is decoration beside a word or an accessible label.
const paths = {
  play: "M5 3.500v9l7-4.500z",
  stop: "M4 4h8v8H4z",
  restart: "M12.500 8a4.500 4.500 0 1 1-1.300-3.200M12.500 2.500v3h-3",
  kill: "M9 1.500L4 9h3.500L6.500 14.500 12 7H8.500z",
  trash: "M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.5 9h6l.5-9",
  plus: "M8 3v10M3 8h10",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  check: "M3 8.500l3.500 3.500L13 4.500",
  reply: "M6.500 4L3 7.500 6.500 11M3 7.500h6a4 4 0 0 1 4 4v1",
  thread: "M3 4h10M3 8h6M3 12h8",
  send: "M2.500 8L13.500 3l-3 10.500L7.500 9z",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M8 3v10M4 9l4 4 4-4",
  gear: "M8 5.700a2.300 2.300 0 1 0 0 4.600 2.300 2.300 0 0 0 0-4.600zM8 1.800v1.700M8 12.500v1.700M1.800 8h1.700M12.500 8h1.700M3.600 3.600l1.200 1.200M11.200 11.200l1.200 1.200M3.600 12.400l1.200-1.200M11.200 4.800l1.200-1.200",
  fleet: "M8 1.500l5.500 3.200v6.600L8 14.500l-5.500-3.200V4.700zM8 5.800l2 1.200v2.200L8 10.300 6 9.200V7z",
  mail: "M2 4h12v8.500H2zM2 4.500l6 4.500 6-4.500",
  back: "M9.500 3.500L5 8l4.500 4.500",
  more: "M3.500 8h.1M8 8h.1M12.500 8h.1",
  compact: "M3 3l4 4M7 3.500V7H3.500M13 13L9 9M9 12.500V9h3.500",
  fresh: "M4 2.500h5l3 3v8H4zM8 7v4M6 9h4",
  cancel: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.800 5.800l4.400 4.400M10.200 5.800l-4.400 4.400",
  decide: "M3 3.500h10v7H8.500L5.500 13.500v-3H3zM5.800 7l1.500 1.500L10.300 5.500",
  bell: "M4 11.500V7a4 4 0 0 1 8 0v4.500zM2.800 11.500h10.400M6.800 13.800h2.400",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  fold: "M6 4l4 4-4 4",
  rack: "M2.500 2.500h11v4.500h-11zM2.500 9h11v4.500h-11zM5 4.750h.1M5 11.250h.1",
  build: "M8 2l5 2.800v6.400L8 14l-5-2.800V4.800zM3.200 5L8 7.700 12.800 5M8 7.700V14",
  update: "M8 13V4M4 7.500L8 3.500l4 4M4 14h8",
  revive: "M3 8a5 5 0 1 1 1.500 3.600M3 13v-2.500h2.500",
  warn: "M8 2L14.500 13.500h-13zM8 6.500v3.500M8 11.900v.1",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 14 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.500" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

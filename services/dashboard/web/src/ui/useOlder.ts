// Loads older rows when the top comes near, and keeps what is being read where it is.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

interface Older { scroller: RefObject<HTMLElement | null>; top: RefObject<HTMLElement | null>; first: string | number | undefined; load: () => void; ready: boolean }

export function useOlder({ scroller, top, first, load, ready }: Older): void {
  const shown = useRef(first);
  const fromEnd = useRef<number | null>(null);
  const box = scroller.current;
  if (box && shown.current !== undefined && first !== shown.current) fromEnd.current = box.scrollHeight - box.scrollTop;

  useLayoutEffect(() => {
    shown.current = first;
    const inner = scroller.current;
    if (inner && fromEnd.current !== null) inner.scrollTop = inner.scrollHeight - fromEnd.current;
    fromEnd.current = null;
  }, [first]);

  useEffect(() => {
    if (!scroller.current || !top.current || !ready) return undefined;
    const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), {
      root: scroller.current, rootMargin: "600px 0px 0px",
    });
    watcher.observe(top.current);
    return () => watcher.disconnect();
  }, [ready, first]);
}

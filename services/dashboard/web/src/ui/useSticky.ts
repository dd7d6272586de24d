// Follows the end of a scrolling view until the reader scrolls up; then counts what they haven't seen.
import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

const NEAR = 32;

interface Sticky { stuck: boolean; unseen: number; toEnd: () => void }

export function useSticky(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, appended: number): Sticky {
  const [stuck, setStuck] = useState(true);
  const follow = useRef(true);
  const last = useRef(0);
  const seen = useRef(appended);
  if (stuck) seen.current = appended;

  const toEnd = useCallback(() => {
    follow.current = true;
    setStuck(true);
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, []);

  useLayoutEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (!box || !inner) return undefined;
    const keep = (): void => {
      if (!follow.current) return;
      box.scrollTop = box.scrollHeight;
      last.current = box.scrollTop;
    };
    const scrolled = (): void => {
      const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
      const up = box.scrollTop < last.current - 1;
      last.current = box.scrollTop;
      if (near) follow.current = true;
      else if (up) follow.current = false;
      setStuck(follow.current);
    };
    const watcher = new ResizeObserver(keep);
    watcher.observe(inner);
    watcher.observe(box);
    box.addEventListener("scroll", scrolled, { passive: true });
    keep();
    return () => {
      watcher.disconnect();
      box.removeEventListener("scroll", scrolled);
    };
  }, []);

  return { stuck, unseen: Math.max(0, appended - seen.current), toEnd };
}

// The keys of a review: j and k between files, v marks one as viewed, a and d ask for the decision, Escape leads back.
import { useEffect, useRef } from "preact/hooks";
import type { Decision } from "../gen/wire";
import type { ReviewFile } from "../state/review";
import { reviewed, setViewed } from "../state/reviewed";
import { go } from "../state/route";

interface Keys { id: number; files: readonly ReviewFile[]; here: number; setHere: (at: number) => void; decide: (decision: Decision) => void; blocked: boolean }

export const fileAnchor = (number: number): string => `file-${number}`;

/** Brings a file's head into view and into focus. */
export function showFile(file: ReviewFile | undefined): void {
  const head = file && document.getElementById(fileAnchor(file.number));
  head?.scrollIntoView({ block: "start" });
  head?.focus({ preventScroll: true });
}

export function useReviewKeys(keys: Keys): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { id, files, here, setHere, decide, blocked } = now.current;
      if (blocked || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
      const on = event.target as Element;
      if (on.closest("textarea, select, dialog, input:not([type=checkbox])")) return;
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      const file = files[here];
      if (step) {
        const at = Math.max(0, Math.min(files.length - 1, here + step));
        now.current = { ...now.current, here: at }; // the next key may come before the next rendering
        setHere(at);
        showFile(files[at]);
      } else if (event.key === "v" && file) setViewed(id, file.path, !reviewed(id)?.viewed.includes(file.path));
      else if (event.key === "a") decide("approve");
      else if (event.key === "d") decide("deny");
      else if (event.key === "Escape") go("/decisions");
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

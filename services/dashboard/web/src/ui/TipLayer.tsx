// Tooltips of the whole page: shows `data-tip` of what is hovered or focused, kept inside the window.
import { useEffect, useRef, useState } from "preact/hooks";

interface Tip { text: string; left: number; top: number; below: boolean }

const tipOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;

export function TipLayer() {
  const [tip, setTip] = useState<Tip | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const hide = (): void => setTip(null);
    const show = (event: Event): void => {
      const on = tipOf(event.target);
      if (event.type === "focusin" && !(event.target as Element).matches(":focus-visible")) return;
      if (!on?.dataset.tip) return hide();
      const at = on.getBoundingClientRect();
      const below = at.top < 96;
      setTip({ text: on.dataset.tip, left: at.left + at.width / 2, top: below ? at.bottom + 6 : at.top - 6, below });
    };
    const escape = (event: KeyboardEvent): void => { if (event.key === "Escape") hide(); };
    document.addEventListener("pointerover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("focusout", hide);
    document.addEventListener("pointerdown", hide);
    document.addEventListener("keydown", escape);
    addEventListener("scroll", hide, true);
    return () => {
      document.removeEventListener("pointerover", show);
      document.removeEventListener("focusin", show);
      document.removeEventListener("focusout", hide);
      document.removeEventListener("pointerdown", hide);
      document.removeEventListener("keydown", escape);
      removeEventListener("scroll", hide, true);
    };
  }, []);

  useEffect(() => {
    if (!tip || !box.current) return;
    const { offsetWidth: width, offsetHeight: height } = box.current;
    box.current.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, tip.left - width / 2))}px`;
    box.current.style.top = `${tip.below ? tip.top : tip.top - height}px`;
  }, [tip]);

  return tip && <div class="tip-box" role="tooltip" ref={box}>{tip.text}</div>;
}

// A button that opens further buttons; a click beside it or Escape closes them.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./Icon";

interface Props { label: string; children: (close: () => void) => ComponentChildren; onClose?: () => void }

export function Menu({ label, children, onClose }: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const close = (): void => {
    setOpen(false);
    onClose?.();
  };
  useEffect(() => {
    if (!open) return undefined;
    const away = (event: Event): void => {
      const escape = event instanceof KeyboardEvent;
      if (escape ? event.key !== "Escape" : root.current?.contains(event.target as Node)) return;
      close();
      if (escape) root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", away);
    };
  }, [open]);
  return (
    <div class="menu" ref={root}>
      <button type="button" class="btn small quiet" aria-label={label} aria-expanded={open} onClick={() => (open ? close() : setOpen(true))} data-testid="more"><Icon name="more" /></button>
      {open && <div class="popover card menu-list" role="group" aria-label={label}>{children(close)}</div>}
    </div>
  );
}

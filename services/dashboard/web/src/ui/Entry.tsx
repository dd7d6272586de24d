// A line that grows as one types, with completion by arrows, tab, enter, escape and click.
import type { RefObject } from "preact";
import { useId, useLayoutEffect, useState } from "preact/hooks";

export interface Option { label: string; hint?: string; insert: string }
export interface Completion { from: number; options: Option[] }

interface Props {
  value: string;
  label: string;
  placeholder: string;
  field: RefObject<HTMLTextAreaElement | null>;
  testid: string;
  onChange: (value: string) => void;
  onSubmit: () => void;
  complete: (beforeCaret: string) => Completion | null;
}

export function Entry({ value, label, placeholder, field, testid, onChange, onSubmit, complete }: Props) {
  const list = useId();
  const [offer, setOffer] = useState<Completion | null>(null);
  const [chosen, setChosen] = useState(0);

  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  }, [value]);

  const look = (): void => {
    const box = field.current;
    if (!box) return;
    const found = box.selectionStart === box.selectionEnd ? complete(box.value.slice(0, box.selectionStart)) : null;
    setOffer(found && found.options.length > 0 ? found : null);
    setChosen((at) => (found && at < found.options.length ? at : 0));
  };

  const accept = (option: Option): void => {
    const box = field.current;
    if (!box || !offer) return;
    const before = box.value.slice(0, offer.from) + option.insert;
    const after = box.value.slice(box.selectionStart);
    setOffer(null);
    onChange(before + after);
    box.focus();
    requestAnimationFrame(() => {
      const at = Math.min(before.length, box.value.length);
      if (box.value.startsWith(before)) box.setSelectionRange(at, at);
    });
  };

  const key = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (offer) {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step) setChosen((chosen + step + offer.options.length) % offer.options.length);
      else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) accept(offer.options[chosen] as Option);
      else if (event.key === "Escape") setOffer(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      onSubmit();
    }
  };

  return (
    <div class="entry">
      {offer && (
        <ul class="offer card" id={list} role="listbox" aria-label="Suggestions" data-testid="completion">
          {offer.options.map((option, i) => (
            <li key={option.label} id={`${list}-${i}`} role="option" aria-selected={i === chosen}
              onPointerDown={(event) => { event.preventDefault(); accept(option); }}>
              <b class="mono">{option.label}</b>
              {option.hint && <span class="dim clip">{option.hint}</span>}
            </li>
          ))}
        </ul>
      )}
      <textarea
        ref={field} rows={1} value={value} aria-label={label} placeholder={placeholder} spellcheck data-testid={testid}
        aria-autocomplete="list" aria-controls={offer ? list : undefined}
        aria-activedescendant={offer ? `${list}-${chosen}` : undefined}
        onInput={(event) => { onChange(event.currentTarget.value); look(); }}
        onKeyDown={key} onClick={look} onBlur={() => setOffer(null)}
      />
    </div>
  );
}

// Markdown that somebody else wrote: cleaned of everything but text, no images, links that show where they lead.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { useLayoutEffect, useRef } from "preact/hooks";
import { memo } from "../memo";

const TAGS = [
  "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li",
  "table", "thead", "tbody", "tr", "th", "td", "a", "input",
];
const marked = new Marked({ gfm: true, breaks: true, async: false });
marked.use({ renderer: { image: ({ href, text }) => `<a href="${escape(href)}">image: ${escape(text || href)}</a>`, html: ({ text }) => escape(text) } });

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function safeLink(link: HTMLAnchorElement): void {
  const href = link.getAttribute("href") ?? "";
  let url: URL | null = null;
  try { url = new URL(href); } catch { /* a relative address leads into our own page: not for others to write */ }
  if (!url || !["http:", "https:", "mailto:"].includes(url.protocol)) return link.replaceWith(...link.childNodes);
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  link.title = href;
  if (url.host && !link.textContent?.includes(url.host)) {
    const host = document.createElement("span");
    host.className = "link-host";
    host.textContent = ` (${url.host})`;
    link.append(host);
  }
}

export function clean(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(marked.parse(text) as string, {
    ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "align", "start", "checked", "disabled", "type"], ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false, RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) safeLink(link);
  for (const box of fragment.querySelectorAll("input")) {
    if (box.type !== "checkbox") box.remove();
    box.disabled = true;
  }
  for (const wide of fragment.querySelectorAll("pre, table")) {
    const scroller = document.createElement("div");
    scroller.className = "wide";
    wide.replaceWith(scroller);
    scroller.append(wide);
  }
  return fragment;
}

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    root.current?.replaceChildren(clean(text));
    for (const wide of root.current?.querySelectorAll<HTMLElement>(".wide") ?? []) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // what scrolls must be reachable by keyboard
    }
  }, [text]);
  return <div class="md" ref={root} dir="auto" />;
});

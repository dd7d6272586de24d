// Where the operator is. Over the History API: links are real addresses, back and deep links work.
import { computed, signal } from "@preact/signals";
import { parse } from "./address";

const place = signal({ path: location.pathname, query: location.search });

export const route = computed(() => parse(place.value.path, place.value.query));

/** Another page begins at its start for the keyboard too; within a page the focus stays where it is. */
function read(): void {
  const before = route.peek().page;
  place.value = { path: location.pathname, query: location.search };
  if (route.peek().page !== before) document.getElementById("main")?.focus({ preventScroll: true });
}

export function go(href: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", href);
  else history.replaceState(null, "", href);
  read();
}

/** Plain clicks on our own links stay in the page; the browser keeps every other kind. */
export function startRouter(): void {
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute("download")) return;
    event.preventDefault();
    if (link.href !== location.href) go(link.pathname + link.search);
  });
}

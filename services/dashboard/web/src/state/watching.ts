// Whether somebody can see this page: nothing is followed for a hidden one.
import { signal } from "@preact/signals";

export const watching = signal(!document.hidden);
document.addEventListener("visibilitychange", () => (watching.value = !document.hidden));

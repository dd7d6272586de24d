// Whether this browser is logged in, and the ways in and out.
import { signal } from "@preact/signals";
import { api, whenLoggedOut } from "../api";
import { hooks } from "./events";
import { go, route } from "./route";
import { start, stop } from "./stream";

export const loggedOut = signal(false);
const NEXT = "hive.next";

export function startSession(): void {
  whenLoggedOut(() => {
    stop();
    loggedOut.value = true;
    if (route.value.page !== "login") {
      sessionStorage.setItem(NEXT, location.pathname + location.search);
      go("/login", "replace");
    }
  });
  if (route.value.page !== "login") start(hooks);
}

export async function login(code: string): Promise<void> {
  await api.login(code);
  loggedOut.value = false;
  const next = sessionStorage.getItem(NEXT);
  sessionStorage.removeItem(NEXT);
  go(next?.startsWith("/") && !next.startsWith("//") ? next : "/", "replace");
  start(hooks);
}

export async function logout(): Promise<void> {
  await api.logout();
  stop();
  loggedOut.value = true;
  go("/login");
}

/** The single-use code of a login address, taken out of the address bar. */
export function codeFromAddress(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

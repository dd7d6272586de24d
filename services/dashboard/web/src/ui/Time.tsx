// Moments: how long ago, ticking, and clock times with the full date in a tooltip.
import { now } from "../state/clock";
import { absolute, clock, duration } from "../words";

export function Since({ at, suffix = "" }: { at: string; suffix?: string }) {
  return <time class="since" dateTime={at}>{duration(now.value - Date.parse(at))}{suffix}</time>;
}

export function At({ at, short = false }: { at: string; short?: boolean }) {
  return <time class="at num" dateTime={at} data-tip={absolute(at)}>{clock(at, Date.now(), short)}</time>;
}

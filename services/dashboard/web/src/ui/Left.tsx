// The time until a moment, ticking; what is over says so.
import { now } from "../state/clock";
import { absolute, duration } from "../words";

const SOON = 60_000;

export function Left({ at, over = "now", prefix = "" }: { at: string; over?: string; prefix?: string }) {
  const left = Date.parse(at) - now.value;
  return (
    <time class={`left num${left < SOON ? " soon" : ""}`} dateTime={at} data-tip={absolute(at)} data-testid="left">
      {left > 0 ? `${prefix}${duration(left + 999)}` : over}
    </time>
  );
}

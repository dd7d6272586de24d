// A principal's name: always in the same hue, leading to its page where it has one.
import { agentNamed } from "../state/agents";

const hues = ["blue", "teal", "green", "pink", "sky", "lavender", "yellow"]; // the manager's and the operator's are theirs alone

export function hueOf(name: string): string {
  if (name === "operator") return "hue-peach";
  if (name === "manager") return "hue-mauve";
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return `hue-${hues[sum % hues.length]}`;
}

export function Who({ name }: { name: string }) {
  const word = name === "operator" ? "you" : name;
  const inner = <><span class="who-dot" aria-hidden="true" />{word}</>;
  return agentNamed(name)
    ? <a href={`/a/${name}`} class={`who-name mono ${hueOf(name)}`}>{inner}</a>
    : <span class={`who-name mono ${hueOf(name)}`}>{inner}</span>;
}

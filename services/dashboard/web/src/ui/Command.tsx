// A command line to copy.
import { CopyButton } from "./CopyButton";

export function Command({ text }: { text: string }) {
  return (
    <span class="cmd">
      <code>{text}</code>
      <CopyButton text={text} label="Copy the command" />
    </span>
  );
}

// A text exactly as it is: what can't be seen is written out and marked.
import { hasOdd, pieces } from "../state/visible";

export function Exact({ text }: { text: string }) {
  if (!hasOdd(text)) return <>{text}</>;
  return <>{pieces(text).map((piece, i) => (typeof piece === "string" ? piece : <mark key={i} class="odd" title={piece.name}>{piece.mark}</mark>))}</>;
}

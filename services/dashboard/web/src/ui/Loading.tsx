// What stands in for a view until its data is there, or says why it isn't.
import { loadError } from "../state/swarm";
import { ErrorNote } from "./ErrorNote";

export function Loading({ rows = 3, height = 96 }: { rows?: number; height?: number }) {
  if (loadError.value) return <ErrorNote error={loadError.value} what="Can't load the swarm" >{" "}It tries again by itself.</ErrorNote>;
  return (
    <div class="loading" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => <div key={i} class="skeleton" style={{ height: `${height}px` }} />)}
    </div>
  );
}

// A refusal where it happened: its code, its sentence, and what to do next.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api";

interface Props { error: ApiError; what?: string; onClose?: () => void; onRetry?: () => void; children?: ComponentChildren }

export function ErrorNote({ error, what, onClose, onRetry, children }: Props) {
  return (
    <div class="note hue-red" role="alert" data-testid="error" data-code={error.code}>
      <span class="grow">
        {what && <b>{what}: </b>}
        {error.message} <code class="dim">{error.code}</code>
        {children}
      </span>
      {onRetry && <button type="button" class="btn small" onClick={onRetry}>Try again</button>}
      {onClose && <button type="button" class="btn small quiet" onClick={onClose}>Dismiss</button>}
    </div>
  );
}

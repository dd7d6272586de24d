// An agent's terminal: history first, then live, following its end until the reader scrolls up.
import { useRef } from "preact/hooks";
import { details } from "../state/prefs";
import { terminalOf } from "../state/terminals";
import { ErrorNote } from "../ui/ErrorNote";
import { Heading } from "../ui/Heading";
import { Loading } from "../ui/Loading";
import { NewPill } from "../ui/NewPill";
import { useOlder } from "../ui/useOlder";
import { useSticky } from "../ui/useSticky";
import { TerminalChunk } from "./TerminalChunk";

export function Terminal({ name }: { name: string }) {
  const log = terminalOf(name);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const chunks = log.chunks.value;
  const { stuck, unseen, toEnd } = useSticky(scroller, content, log.added.value);
  useOlder({ scroller, top, first: `${chunks[0]?.key}/${chunks[0]?.rows.value[0]?.id}`, load: () => void log.older(), ready: log.more.value && !log.error.value });
  const status = log.status.value;

  return (
    <section class={`terminal${details.value === "off" ? " brief" : ""}`} aria-label={`Terminal of ${name}`}>
      <div class="term-head">
        <Heading plain="Terminal" leet="T3RM1N4L" level={2} />
        <span class="grow" />
        {status === "ready" && !log.live.value && <span class="tag" data-tip="The agent doesn't run; these rows come from its stored history">from its store</span>}
        <button type="button" class="details-toggle" aria-pressed={details.value === "on"} data-testid="details" data-tip="Also show what the machinery notes: sessions, hooks, heartbeats"
          onClick={() => (details.value = details.value === "on" ? "off" : "on")}>details</button>
      </div>
      <div class="term-scroll" ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label="Events, newest last" data-testid="terminal" data-rows={log.total.value}>
        <div ref={content} class="term-rows">
          <div ref={top} />
          {log.error.value && <ErrorNote error={log.error.value} what="History" onRetry={() => { log.error.value = null; void (status === "failed" ? log.fill() : log.older()); }} />}
          {log.loadingOlder.value && <p class="dim centre" role="status">Loading older rows…</p>}
          {status === "loading" && chunks.length === 0 && <Loading rows={6} height={28} />}
          {status === "ready" && chunks.length === 0 && <p class="dim centre" data-testid="terminal-empty">Nothing has happened yet. Write to {name} below and watch it work.</p>}
          {chunks.map((chunk, i) => <TerminalChunk key={chunk.key} chunk={chunk} log={log} scroller={scroller} near={i >= chunks.length - 2} />)}
        </div>
      </div>
      {!stuck && <NewPill unseen={unseen} onClick={toEnd} />}
    </section>
  );
}

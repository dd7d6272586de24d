// The terminals that were looked at lately, by agent.
import type { LiveEvent } from "../gen/wire";
import { TerminalLog } from "./terminal";

const KEPT_LOGS = 4;
const logs = new Map<string, TerminalLog>();

export function terminalOf(agent: string): TerminalLog {
  let log = logs.get(agent) ?? null;
  log ??= new TerminalLog(agent);
  logs.delete(agent);
  logs.set(agent, log); // most recently visited last
  const oldest = logs.keys().next().value;
  if (logs.size > KEPT_LOGS && oldest !== undefined) logs.delete(oldest);
  return log;
}

export const fill = (agent: string): Promise<void> => terminalOf(agent).fill();
export const putLive = (event: LiveEvent): void => logs.get(event.agent)?.takeLive(event);

"""Events in a person's words, one line each; an event of a kind that is not known is shown as its JSON."""

import json
from datetime import datetime
from typing import Any

from hive_cli.output import one_line

Json = dict[str, Any]  # Any: payloads of the wire
WIDTH = 160


def line_of(subject: str, payload: Json, now: datetime) -> str:
    at = payload.get("at")
    when = datetime.fromisoformat(at) if at else now
    name = subject.removeprefix("hive.").removeprefix("evt.")
    return f"{when.astimezone():%H:%M:%S}  {name:<26}  {one_line(words_of(payload), WIDTH)}"


def words_of(payload: Json) -> str:
    match payload:
        case {"message": {"id": number, "sender": sender, "recipient": recipient, "body": body}}:
            return f"#{number} {sender} → {recipient}: {body}"
        case {"receipts": [*receipts], "counts": {"name": name}}:
            return f"{name}: " + ", ".join(f"#{receipt['id']} {receipt['state']}" for receipt in receipts)
        case {"approval": {"id": number, "kind": kind, "agent": agent, "status": status, "note": note}}:
            return f"#{number} {kind} {agent} {status}" + (f": {note}" if note else "")
        case {"question": {"id": number, "asker": asker, "to": to, "outcome": None, "question": text}}:
            return f"#{number} {asker} asks {to}: {text}"
        case {"question": {"id": number, "outcome": outcome, "answerer": answerer, "answer": answer}}:
            return f"#{number} {outcome} by {answerer}: {answer}"
        case {"reminder": {"id": number, "owner": owner, "state": state, "message": text, "error": error}}:
            return f"#{number} of {owner} {state}: {error or text}"
        case {"approval": number, "agent": agent, "ok": ok, "error": error}:
            how = "under way" if ok is None else "deployed" if ok else f"failed: {error}"
            return f"#{number} {agent} {how}"
        case {"action": number, "agent": agent, "lines": [*lines]}:
            return f"{agent} (action {number}): {lines[-1]['text']}"
        case {"id": number, "cause": cause, "agents": [*agents], "ended_at": ended}:
            ready = sum(agent["state"] not in ("waiting", "running") for agent in agents)
            return f"rollout #{number} ({cause}) {'ended' if ended else 'under way'}: {ready} of {len(agents)} agents"
        case {"name": name, "destroyed_at": _, "size_bytes": size}:
            return f"{name} is destroyed; {size} bytes of it are kept"
        case {"agent": {"name": name, "container": container, "transient": transient, "error": error}}:
            return f"{name} {transient or container}" + (f": {error}" if error else "")
        case {"action": number, "agent": agent, "ok": ok, "error": error}:
            return f"{agent} (action {number}) " + ("done" if ok else f"failed: {error}")
        case {"kind": _, "data": {"text": text}}:
            return str(text)
        case {"kind": _, "data": data} | data:
            return json.dumps(data, ensure_ascii=False)

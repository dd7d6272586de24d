"""What agents do in a real swarm while a browser looks on: their own verbs with their own credentials, and git."""

import asyncio
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from hive_kit.bus import Bus
from hive_wire import approvals
from hive_wire.approvals import ApplyCommitRequest, Approval, AskRequest, Question
from hive_wire.model import Wire
from hive_wire.verb import Verb

from tests.swarm import RealSwarm

R = TypeVar("R", bound=Wire)

_CALL_SECONDS = 60


def call(swarm: RealSwarm, member: str, verb: Verb[Any, R], request: Wire) -> R:  # Any: each verb's own request
    """Call a verb as `operator` or as an agent. In a thread of its own: Playwright's loop runs in this one."""
    config = swarm.config
    creds = config.creds(member) if member == "operator" else config.state / "agents" / member / "run" / "agent.creds"

    async def calling() -> R:
        bus = await Bus.connect(config.nats_url, member, creds, 10)
        try:
            return await bus.call(verb, request)
        finally:
            await bus.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(calling())).result(_CALL_SECONDS)


def ask(
    swarm: RealSwarm,
    question: str,
    *,
    by: str = "scout",
    to: str = "operator",
    options: list[str] | None = None,
    multi: bool = False,
    ttl: float | None = None,
) -> Question:
    """An agent asks."""
    request = AskRequest(question=question, to=to, options=options or [], multi=multi, ttl_seconds=ttl, key=uuid4().hex)
    return call(swarm, by, approvals.ASK, request)


def question_now(swarm: RealSwarm, number: int) -> Question:
    """A question as it is stored."""
    request = approvals.QuestionsRequest(open=False, limit=500)
    found = call(swarm, "operator", approvals.QUESTIONS, request).questions
    return next(question for question in found if question.id == number)


def approval_now(swarm: RealSwarm, number: int) -> Approval:
    """An approval as it is stored."""
    return call(swarm, "operator", approvals.APPROVAL, approvals.ApprovalId(id=number))


Files = Mapping[str, str | bytes | None]
"""What is in each file; None removes it."""


def commit(swarm: RealSwarm, agent: str, files: Files, *, onto: str | None = None) -> str:
    """The manager changes an agent's proposed repository and commits it, on what is deployed or `onto`."""
    folder = swarm.config.config / "proposed" / agent
    _git(folder, "checkout", "-q", "-B", "work", onto or deployed(swarm, agent))
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "a proposal")
    return _git(folder, "rev-parse", "HEAD")


def propose(swarm: RealSwarm, agent: str, files: Files, description: str, *, onto: str | None = None) -> Approval:
    """The manager asks for a change of an agent's configuration."""
    request = ApplyCommitRequest(
        agent=agent, commit=commit(swarm, agent, files, onto=onto), description=description, key=uuid4().hex
    )
    return call(swarm, "manager", approvals.REQUEST_APPLY_COMMIT, request)


def deployed(swarm: RealSwarm, agent: str) -> str:
    """The commit that is deployed; fetched into the proposed repository."""
    applied = swarm.config.config / "applied" / agent
    _git(swarm.config.config / "proposed" / agent, "fetch", "-q", str(applied), "main")
    return _git(applied, "rev-parse", "main")


def _git(folder: Path, *arguments: str) -> str:
    options = ("-c", "safe.directory=*", "-c", "user.name=manager", "-c", "user.email=manager@example.com")
    done = subprocess.run(
        ["git", *options, "-C", str(folder), *arguments], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

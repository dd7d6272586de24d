"""Subjects and reply inboxes: made and taken apart here only."""

import re
from dataclasses import dataclass
from typing import Any

from hive_wire.verb import AGENT_SERVICE, Verb

STREAM = "HIVE"
STREAM_SUBJECTS = "hive.evt.>"

_NAME = r"[a-z][a-z0-9-]{0,30}"
_REQUEST = re.compile(
    rf"hive\.from\.(?P<principal>{_NAME})\."
    rf"(?:agent\.(?P<agent>{_NAME})\.(?P<agent_verb>[a-z_]+)|(?P<service>{_NAME})\.(?P<verb>[a-z_]+))\Z"
)


@dataclass(frozen=True)
class RequestSubject:
    """A request's subject taken apart; `agent` is set when it goes to a harness."""

    principal: str
    service: str
    verb: str
    agent: str | None


def request(principal: str, verb: Verb[Any, Any], agent: str | None = None) -> str:
    """The subject on which `principal` calls `verb` (of `agent`'s harness, for the harness's verbs)."""
    if (verb.service == AGENT_SERVICE) != (agent is not None):
        raise ValueError(f"{verb.full_name}: an agent's name goes with the harness's verbs and no others")
    middle = f"{verb.service}.{agent}" if agent else verb.service
    return f"hive.from.{principal}.{middle}.{verb.name}"


def pattern(verb: Verb[Any, Any], agent: str | None = None) -> str:
    """What the answering service subscribes to: the verb from any principal."""
    return request("*", verb, agent)


def parse_request(subject: str) -> RequestSubject | None:
    """The parts of a request's subject, or None where it is not strictly one."""
    match = _REQUEST.match(subject)
    if match is None:
        return None
    if match["agent"]:
        return RequestSubject(match["principal"], AGENT_SERVICE, match["agent_verb"], match["agent"])
    return RequestSubject(match["principal"], match["service"], match["verb"], None)


def inbox_root(principal: str) -> str:
    """The prefix that every reply inbox of `principal` has. NATS lets nobody else but core subscribe there."""
    return f"_INBOX.{principal}."


def reply_prefix(principal: str, connection: str, agent: str | None = None) -> str:
    """The prefix of the reply inboxes of one connection; replies of a harness have a lane of their own,
    so that an agent's permission to answer covers nothing but calls made to that agent."""
    lane = f"agent.{agent}." if agent else ""
    return f"{inbox_root(principal)}{lane}{connection}."


def started_notice(principal: str, service: str) -> str:
    """Where `service` tells `principal` that it has started: what was asked of its predecessor has no answer."""
    return f"{inbox_root(principal)}started.{service}"


def live(agent: str, kind: str) -> str:
    """Where `agent` publishes a live event."""
    return f"hive.live.{agent}.{kind}"

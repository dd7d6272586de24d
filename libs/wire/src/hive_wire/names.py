"""Principals and roles: who may be called what, and what kind of caller a name is."""

import re
from enum import StrEnum

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,30}$"
_NAME = re.compile(NAME_PATTERN.replace("$", r"\Z"))

OPERATOR = "operator"
MANAGER = "manager"
SYSTEM = "system"
SERVICES = ("broker", "approvals", "lifecycle", "dashboard", "revoker")
RESERVED = frozenset({OPERATOR, MANAGER, SYSTEM, "core", "agent", "ttl-watchdog", "harness", *SERVICES})


class Role(StrEnum):
    """The kind of a principal."""

    OPERATOR = "operator"
    MANAGER = "manager"
    AGENT = "agent"
    CORE = "core"


def is_name(text: str) -> bool:
    """Whether `text` has the form of a principal's name: 1 to 31 of a–z, 0–9 and `-`, a letter first."""
    return _NAME.match(text) is not None


def is_free_for_agents(text: str) -> bool:
    """Whether an agent other than the manager could be called `text`."""
    return is_name(text) and text not in RESERVED


def role_of(principal: str) -> Role:
    """The role that goes with a principal's name. NATS credentials make the name itself trustworthy."""
    if principal == OPERATOR:
        return Role.OPERATOR
    if principal == MANAGER:
        return Role.MANAGER
    return Role.CORE if principal in SERVICES else Role.AGENT

"""The text of flake.nix: one input `hyperhive`, one `agent-<name>` per agent, one NixOS configuration each.

A pure function of the list of agents; the same list gives the same text. Reads back its own text only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hive_wire.names import is_name, role_of

from hive_lifecycle.meta.pins import MAIN

HYPERHIVE = "hyperhive"
_PREFIX = "agent-"
_INPUT = re.compile(r'^    "(?P<name>[^"]+)"\.url = "(?P<url>(?:[^"\\]|\\.)*)";$', re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")


def input_of(agent: str) -> str:
    """The name of that agent's input."""
    return f"{_PREFIX}{agent}"


def agent_of(name: str) -> str | None:
    """The agent whose configuration that input is."""
    agent = name.removeprefix(_PREFIX)
    return agent if agent != name and is_name(agent) else None


def order(names: Iterable[str]) -> list[str]:
    """`hyperhive` first, then by name."""
    return sorted(names, key=lambda name: (name != HYPERHIVE, name))


@dataclass(frozen=True)
class FlakeText:
    """How the flake is written: what `hyperhive` points at, and where applied repositories lie."""

    source: str
    applied: Path

    def url(self, name: str) -> str:
        """What that input points at. An agent's is the main branch of its applied repository."""
        agent = agent_of(name)
        if agent is None:
            return self.source
        return f"git+{(self.applied.absolute() / agent).as_uri()}?ref={MAIN}"

    def render(self, agents: Iterable[str]) -> str:
        """flake.nix for those agents."""
        names = sorted(agents)
        for name in names:
            if not is_name(name):
                raise ValueError(f"{name!r} can't be an agent's name")
        inputs = [_input(name, self.url(name)) for name in (HYPERHIVE, *map(input_of, names))]
        return _FLAKE.format(inputs="\n".join(inputs), configurations="".join(map(_configuration, names)))


def urls(text: str) -> dict[str, str]:
    """The inputs of a text that was written here, and what each points at."""
    return {found["name"]: _ESCAPED.sub(r"\1", found["url"]) for found in _INPUT.finditer(text)}


_FLAKE = """\
# Written by hyperhive from its list of agents: what is changed here by hand is lost.
{{
  description = "The agents of this swarm, each at the commit of its configuration that flake.lock names.";

  inputs = {{
{inputs}
  }};

  outputs = inputs: {{
    nixosConfigurations = {{
{configurations}    }};
  }};
}}
"""


def _input(name: str, url: str) -> str:
    return f"    {_quoted(name)}.url = {_quoted(url)};"


def _configuration(agent: str) -> str:
    return (
        f"      {_quoted(agent)} = inputs.{_quoted(HYPERHIVE)}.lib.mkAgent {{\n"
        f"        name = {_quoted(agent)};\n"
        f"        role = {_quoted(role_of(agent).value)};\n"
        f"        module = inputs.{_quoted(input_of(agent))}.nixosModules.default;\n"
        "      };\n"
    )


def _quoted(text: str) -> str:
    """A string of the Nix language: quotes, backslashes and `${` mean themselves."""
    if not text.isprintable():
        raise ValueError(f"{text!r} can't be written into flake.nix")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'

"""The text of flake.nix."""

from pathlib import Path

import pytest
from hive_lifecycle.meta import agent_of, input_of
from hive_lifecycle.meta.flake_text import FlakeText, order, urls

GOLDEN = """\
# Written by hyperhive from its list of agents: what is changed here by hand is lost.
{
  description = "The agents of this swarm, each at the commit of its configuration that flake.lock names.";

  inputs = {
    "hyperhive".url = "path:/nix/store/abc-hyperhive";
    "agent-coder".url = "git+file:///var/lib/hive/config/applied/coder?ref=main";
    "agent-manager".url = "git+file:///var/lib/hive/config/applied/manager?ref=main";
  };

  outputs = inputs: {
    nixosConfigurations = {
      "coder" = inputs."hyperhive".lib.mkAgent {
        name = "coder";
        role = "agent";
        module = inputs."agent-coder".nixosModules.default;
      };
      "manager" = inputs."hyperhive".lib.mkAgent {
        name = "manager";
        role = "manager";
        module = inputs."agent-manager".nixosModules.default;
      };
    };
  };
}
"""
TEXT = FlakeText("path:/nix/store/abc-hyperhive", Path("/var/lib/hive/config/applied"))


def test_the_flake_of_two_agents_reads_like_this_in_whatever_order_they_come() -> None:
    assert TEXT.render(["manager", "coder"]) == GOLDEN
    assert TEXT.render(["coder", "manager"]) == GOLDEN


def test_what_inputs_point_at_is_read_back_from_the_text() -> None:
    odd = FlakeText('git+file:///a "b" \\ ${c}?ref=main', Path('/x "y"/${z}'))
    assert urls(odd.render(["coder"])) == {name: odd.url(name) for name in ("hyperhive", "agent-coder")}
    assert "${" not in odd.render(["coder"]).replace("\\${", "")


@pytest.mark.parametrize("name", ['a"b', "A", "", "a/b", "a\nb"])
def test_what_is_no_name_of_an_agent_never_gets_into_the_text(name: str) -> None:
    with pytest.raises(ValueError, match="agent's name"):
        TEXT.render([name])


def test_a_source_of_several_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="can't be written"):
        FlakeText("path:/a\n}", Path("/x")).render([])


def test_inputs_and_agents_are_told_apart() -> None:
    assert agent_of(input_of("coder")) == "coder"
    assert (agent_of("hyperhive"), agent_of("agent-"), agent_of("agent-A")) == (None, None, None)
    assert order(["agent-b", "agent-a", "hyperhive"]) == ["hyperhive", "agent-a", "agent-b"]

"""The agent's modules: the same configurations are good and bad as for `agent.toml`, and what the container runs."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle import built_config
from hive_lifecycle.runtimes import BuildFailed
from hive_wire.agent_config import AgentConfig
from pydantic import ValidationError

from tests.nix.evaluation import HERE, ROOT, EvaluationError, evaluate

TEMPLATE = Path(ROOT, "services", "approvals", "src", "hive_approvals", "template")
LONG = "x" * 1001
pytestmark = pytest.mark.xdist_group("nix")


@dataclass(frozen=True)
class Case:
    name: str
    toml: str
    good: bool


def _cases() -> list[Case]:
    table = tomllib.loads((HERE / "agent_configs.toml").read_text(encoding="utf-8"))
    written = [Case(case["name"], case["toml"], kind == "good") for kind in ("good", "bad") for case in table[kind]]
    return [
        *written,
        Case("20 servers", "\n".join(f'mcp.a{n}.command = "a"' for n in range(20)), True),
        Case("21 servers", "\n".join(f'mcp.a{n}.command = "a"' for n in range(21)), False),
        Case("a long command", f'mcp.a.command = "{LONG[:1000]}"', True),
        Case("a command that is too long", f'mcp.a.command = "{LONG}"', False),
        Case("201 tools", f"tools.allow = {['Read'] * 201}", False),
        Case("501 names", f"messages.allow = {['coder'] * 501}", False),
        Case("51 mounts", "mounts = [" + '{ host = "/a", at = "/b" },' * 51 + "]", False),
        Case("a model of 201 letters", f'model = "{LONG[:201]}"', False),
    ]


CASES = _cases()


@pytest.fixture(scope="module")
def judged(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Nix makes of each case, by name: the text of `agent.json`, or None where it is refused."""
    folder = tmp_path_factory.mktemp("cases")
    for number, case in enumerate(CASES):
        _repository(folder / str(number), case.toml)
    systems = " ".join(str(folder / str(number) / "agent.nix") for number in range(len(CASES)))
    texts = evaluate(
        f"""map (agent:
          let
            config = nixos.system [ {ROOT}/nix/modules/agent/agent-base.nix {PACKAGE} agent ];
            json = config.environment.etc."hyperhive/agent.json".text;
            text = builtins.tryEval (builtins.deepSeq config.hyperhive json);
          in if text.success then text.value else null) [ {systems} ]""",
        store,
    )
    return {case.name: text for case, text in zip(CASES, texts, strict=True)}


PACKAGE = '{ hyperhive.package = nixos.package "hyperhive"; }'


@pytest.mark.spec("CFG-4", door="nix")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nix_and_python_judge_a_configuration_alike(judged: dict[str, Any], case: Case) -> None:
    try:
        read = AgentConfig.model_validate(tomllib.loads(case.toml))
    except ValidationError:
        read = None
    assert (read is not None) == case.good
    text = judged[case.name]
    assert (text is not None) == case.good
    if text is not None:
        assert AgentConfig.model_validate_json(text) == read


@pytest.mark.spec("CFG-4", door="nix")
def test_where_both_files_set_an_option_agent_nix_wins(store: Path, tmp_path: Path) -> None:
    _repository(tmp_path / "agent", 'model = "opus"\nmessages.allow = ["manager"]')
    system = _system(store, tmp_path / "agent" / "agent.nix", '{ hyperhive.model = "haiku"; }')
    place = tmp_path / "system" / built_config.PLACE
    place.parent.mkdir(parents=True)
    place.write_text(system["etc"])
    config = built_config.read(str(tmp_path / "system"))
    assert config is not None
    assert (config.model, config.messages.allow) == ("haiku", ["manager"])


def test_a_system_that_says_nothing_or_nonsense(tmp_path: Path) -> None:
    assert built_config.read(str(tmp_path)) is None
    place = tmp_path / built_config.PLACE
    place.parent.mkdir(parents=True)
    for nonsense in (b"{", b'{"model": 5}', b"\xff"):
        place.write_bytes(nonsense)
        with pytest.raises(BuildFailed):
            built_config.read(str(tmp_path))


@pytest.mark.spec("OPS-8", door="nix")
def test_an_agents_container_runs_its_harness(store: Path) -> None:
    system = _system(store, TEMPLATE / "agent.nix", "{ }")
    unit = system["units"]["hyperhive-harness.service"]
    claude = "--claude-binary /package/claude-code/bin/claude"
    command = f"ExecStart=/package/hyperhive/bin/hive-harness --settings /run/hive/settings.json {claude}"
    for line in (command, "Type=notify", "WatchdogSec=60", "FailureAction=exit", "WorkingDirectory=/state"):
        assert f"\n{line}\n" in unit
    assert 'Environment="HOME=/home/agent"\n' in unit
    assert "RestartPreventExitStatus" not in unit


@pytest.mark.spec("OPS-8", door="nix")
def test_only_claude_code_may_be_unfree(store: Path) -> None:
    allowed = evaluate(
        f"""let config = nixos.system [ {ROOT}/nix/modules/agent/manager.nix {PACKAGE} ];
        in map (name: config.nixpkgs.config.allowUnfreePredicate (nixos.package name))
          [ "claude-code" "steam" "claude" ]""",
        store,
    )
    assert allowed == [True, False, False]


@pytest.mark.spec("OPS-8", door="nix")
def test_a_module_can_add_mcp_servers_to_those_of_the_file(store: Path, tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('[mcp.weather]\ncommand = "weather-mcp"\n')
    (tmp_path / "agent.nix").write_text((TEMPLATE / "agent.nix").read_text())
    tickets = (
        '{ hyperhive.extraMcpServers.tickets = { url = "https://tickets.example/mcp"; allowedTools = [ "list" ]; }; }'
    )
    system = _system(store, tmp_path / "agent.nix", tickets)
    rendered = json.loads(system["etc"])
    assert json.loads(system["extra"]) == rendered["mcp"]
    assert rendered["mcp"]["tickets"]["allowed_tools"] == ["list"]
    assert {key: (server["command"], server["url"]) for key, server in rendered["mcp"].items()} == {
        "weather": ("weather-mcp", None),
        "tickets": (None, "https://tickets.example/mcp"),
    }
    with pytest.raises(EvaluationError) as refused:
        _system(store, TEMPLATE / "agent.nix", '{ hyperhive.extraMcpServers.hyperhive.command = "x"; }')
    assert "hyperhive.mcp.hyperhive: that key belongs to hyperhive's own MCP server" in str(refused.value)


def test_a_refusal_names_the_option(store: Path) -> None:
    with pytest.raises(EvaluationError) as refused:
        _system(store, TEMPLATE / "agent.nix", '{ hyperhive.budgets.turns_per_day = "many"; }')
    assert "`hyperhive.budgets.turns_per_day' is not of type `null or positive integer" in str(refused.value)
    with pytest.raises(EvaluationError) as refused:
        _system(store, TEMPLATE / "agent.nix", '{ hyperhive.mcp.hyperhive.command = "x"; }')
    assert "hyperhive.mcp.hyperhive: that key belongs to hyperhive's own MCP server" in str(refused.value)


def _system(store: Path, agent: Path, more: str) -> dict[str, Any]:
    return evaluate(
        f"""let config = nixos.system [ {ROOT}/nix/modules/agent/agent-base.nix {PACKAGE} {agent} ({more}) ];
        in {{ units = nixos.units config; etc = config.environment.etc."hyperhive/agent.json".text;
          extra = config.environment.etc."hyperhive/extra-mcp.json".text; }}""",
        store,
    )


def _repository(folder: Path, toml: str) -> None:
    folder.mkdir()
    (folder / "agent.nix").write_bytes((TEMPLATE / "agent.nix").read_bytes())
    (folder / "agent.toml").write_text(toml, encoding="utf-8")

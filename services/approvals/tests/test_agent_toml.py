"""`agent.toml`: what is wrong is said with its line and key."""

import tomllib
from importlib import resources
from typing import Any

import pytest
from hive_approvals import agent_toml
from hive_approvals.agent_toml_lines import key_lines
from hive_wire.agent_config import AgentConfig
from hive_wire.errors import ErrorCode, Refusal
from hypothesis import given, settings
from hypothesis import strategies as st


def _refusal(text: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        agent_toml.parse(text)
    assert refused.value.code is ErrorCode.BAD_CONFIG
    assert refused.value.details["problems"]
    return refused.value


def _places(text: bytes) -> list[tuple[int, str]]:
    return [(problem["line"], problem["key"]) for problem in _refusal(text).details["problems"]]


def test_an_empty_file_and_the_templates_are_the_default() -> None:
    template = (resources.files("hive_approvals") / "template" / "agent.toml").read_bytes()
    assert agent_toml.parse(b"") == agent_toml.parse(template) == AgentConfig()


def test_every_key_that_the_template_shows_is_right() -> None:
    template = (resources.files("hive_approvals") / "template" / "agent.toml").read_text()
    lines = [line.removeprefix("# ") for line in template.splitlines()]
    shown = [line for line in lines if " = " in line or line.startswith("[")]
    config = agent_toml.parse("\n".join(shown).encode())
    assert config.model_fields_set == set(AgentConfig.model_fields)
    assert set(config.mcp) == {"weather", "tickets"}
    assert config.budgets.model_fields_set == set(type(config.budgets).model_fields)


def test_what_is_set_is_read() -> None:
    lines = ['model = "opus"', 'prompt.append = """', "hi", '"""', "[messages]", "allow = []", ""]
    config = agent_toml.parse("\r\n".join(lines).encode())
    assert (config.model, config.prompt.append, config.messages.allow) == ("opus", "hi\n", [])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"model = 5\n", (1, "model")),
        (b"\n\n  model = 5\n", (3, "model")),
        (b"modle = 'x'\n", (1, "modle")),
        (b"[prompt]\n\nappend = 5\n", (3, "prompt.append")),
        (b"prompt.append = 5\n", (1, "prompt.append")),
        (b"prompt = { append = 5 }\n", (1, "prompt.append")),
        (b"prompt = 5\n", (1, "prompt")),
        (b"# x\n[prompt]\nextra = 1\n", (3, "prompt.extra")),
        (b"[nonsense]\na = 1\n", (1, "nonsense")),
        (b"[messages]\nallow = [\n  'scout',\n  'Bad Name',\n]\n", (4, "messages.allow[1]")),
        (b"[[mounts]]\nhost='/a'\nat='/b'\n\n[[mounts]]\nhost='/a'\nat='relative'\n", (7, "mounts[1].at")),
        (b"[[mounts]]\nhost='/a'\nat='/b'\n[[mounts]]\nhost='/a'\n", (4, "mounts[1].at")),
        (b"[[mounts]]\nhost='/a'\nat='/../b'\n", (1, "mounts[0]")),
        (
            b"mounts = [\n { host = '/a', at = '/b' },\n { host = '/a', at = '/b', writable = 'yes' },\n]",
            (3, "mounts[1].writable"),
        ),
        (b"[mcp.x]\ncommand = 'a'\nargs = 'b'\n", (3, "mcp.x.args")),
        (b"[mcp.x]\ncommand = 'a'\nurl = 'http://x'\n", (1, "mcp.x")),
        (b"[mcp.x]\n", (1, "mcp.x")),
        (b"[mcp]\n\n[mcp.'Bad Key']\ncommand = 'a'\n", (3, "mcp.Bad Key")),
        (b"\n[mcp.hyperhive]\ncommand = 'a'\n", (2, "mcp.hyperhive")),
        (b"[mcp.x]\ncommand = 'a'\n[mcp.x.env]\nA = 1\n", (4, "mcp.x.env.A")),
        (b"[mcp.x.env]\nA = '''\n[budgets]\n'''\nB = 2\n[mcp.x]\ncommand = 'a'\n", (5, "mcp.x.env.B")),
        (b'[mcp.x]\ncommand = "a # \\" b"\nargs = ["[", "]", 3]\n', (3, "mcp.x.args[2]")),
        (b"[budgets]\nturns_per_day = 1.5\n", (2, "budgets.turns_per_day")),
        (b"[budgets]\nturns_per_day = 0\n", (2, "budgets.turns_per_day")),
        (b"[budgets]\nturns_per_day = true\n", (2, "budgets.turns_per_day")),
        (b"[budgets]\ncost_usd_per_day = nan\n", (2, "budgets.cost_usd_per_day")),
        (b"[budgets]\ncost_usd_per_day = inf\n", (2, "budgets.cost_usd_per_day")),
        (b"[budgets]\ncost_usd_per_day = '5'\n", (2, "budgets.cost_usd_per_day")),
        (b"model = 2026-01-01T00:00:00Z\n", (1, "model")),
        (b"'mod\\u0435l' = 'x'\n", (1, "mod\\u0435l")),
    ],
)
def test_what_is_not_as_expected_is_named_with_its_line(text: bytes, place: tuple[int, str]) -> None:
    assert place in _places(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a = \n", 1),
        (b"model = 'x'\nmodel = 'y'\n", 2),
        (b"[prompt]\n[prompt]\n", 2),
        (b"model = 'x'\n\nappend 5\n", 3),
        (b"model = 'x\n", 1),
        (b'model = "x"\nprompt.append = """\nx\n\n', 3),
        (b"mod\xc3\xa9l = 1\n", 1),
        (b"a = 1\nmodel = 'x\0'\n", 2),
        (b"\xef\xbb\xbfmodel = 'x'\n", 1),
        (b"model = 'x'\nb = '\xff'\n", 2),
        (b"\xff\xfem\0o\0", 1),
    ],
)
def test_what_is_no_toml_is_named_with_its_line(text: bytes, line: int) -> None:
    assert _places(text)[0][0] == line


def test_the_message_is_the_first_problem_as_a_sentence() -> None:
    refusal = _refusal(b"\n\nmodel = 5\n[prompt]\nappend = 6\nother = 7\n")
    assert refusal.message == "agent.toml:3: model: expected text"
    assert [problem["line"] for problem in refusal.details["problems"]] == [3, 5, 6]
    assert {problem["file"] for problem in refusal.details["problems"]} == {"agent.toml"}


def test_values_are_not_repeated_in_errors() -> None:
    refusal = _refusal(b"[mcp.x]\ncommand = 'a'\nheaders = 's3cret'\nenv = { A = ['s3cret'] }\n")
    assert "s3cret" not in refusal.message + str(refusal.details)


@pytest.mark.parametrize(
    "text",
    [
        b"a" * ((256 << 10) + 1),
        b"a = " + b"[" * 100_000,
        b"a = " + b"{a=" * 50_000,
        b"a." * 120_000 + b"a = 1",
        b"[" + b"a." * 120_000 + b"a]",
        b"a = " + b"9" * 200_000,
        b"[[" * 100_000,
        b"a = '" + b"\\" * 200_000,
        b'a = """' + b'"' * 200_000,
        b"#" * 200_000 + b"\n" * 50_000 + b"x",
        b"a=1\n" * 60_000,
    ],
)
def test_a_file_made_to_exhaust_the_reader_is_refused(text: bytes) -> None:
    _refusal(text)


_KEYS = st.sampled_from(["model", "prompt", "append", "mcp", "x", "env", "a b", "mounts", "host", "\u00e9"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=5)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(_KEYS, below, max_size=3)),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(letter):08x}" for letter in text) + '"'


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[ # ] }\n" + ",\n".join(map(_written, value)) + "\n]"
    return "{" + ", ".join(f"{_quoted(key)} = {_written(each)}" for key, each in value.items()) + "}"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_the_line_of_every_key_of_any_file_is_known(data: dict[str, Any]) -> None:
    text = "\n".join(f"'{key}' = {_written(value)} # = '" for key, value in data.items())
    assert tomllib.loads(text) == data
    lines = key_lines(text)
    for key, value in data.items():
        assert text.split("\n")[lines[(key,)] - 1].startswith(f"'{key}'")
        if isinstance(value, list):
            assert all((key, place) in lines for place in range(len(value)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=60), st.text("[]{}=.,#'\"\\\n ab1", max_size=40).map(str.encode)))
def test_any_bytes_are_a_configuration_or_refused(text: bytes) -> None:
    try:
        assert isinstance(agent_toml.parse(text), AgentConfig)
    except Refusal as refusal:
        assert refusal.code is ErrorCode.BAD_CONFIG
        assert all(problem["line"] >= 1 for problem in refusal.details["problems"])

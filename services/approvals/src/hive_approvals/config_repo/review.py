"""Whether a commit may be proposed, and what the operator should know of it beside its diff."""

import re
from collections import Counter
from dataclasses import dataclass

from hive_wire.agent_config import AgentConfig
from hive_wire.errors import ErrorCode, Refusal
from pygit2 import Repository

from hive_approvals import agent_toml
from hive_approvals.config_repo import notes as notes_of
from hive_approvals.config_repo import raw, refs
from hive_approvals.config_repo.entry_names import FIXED, plain_form, shown
from hive_approvals.config_repo.files import File, content, files_of
from hive_approvals.config_repo.libgit import commit_of

AGENT_NIX = "agent.nix"
AGENT_TOML = "agent.toml"
FLAKE = "flake.nix"
_NOTES = 100
_NOTE_CHARACTERS = 500
_SEARCHED_BYTES = 8 << 20
_WORD = re.compile(r"[\w+-](?:[\w.+-]*[\w+-])?")
_OWN = frozenset({AGENT_NIX, AGENT_TOML, FLAKE})


@dataclass(frozen=True)
class Checked:
    """A commit that may be proposed."""

    config: AgentConfig
    notes: list[str]


def check(repository: Repository, commit: str, base: str | None, start: str, *, spawn: bool) -> Checked:
    """Check a commit that was taken in. `start` is the template's commit, `base` what is deployed.

    Refuses `stale_base`, `nothing_new`, `fixed_file`, `bad_proposal`, `bad_config`.
    """
    _check_base(repository, commit, base, spawn=spawn)
    files = files_of(repository, commit)
    _check_fixed(files, files_of(repository, start))
    if AGENT_NIX not in files:
        problem = {"path": AGENT_NIX, "problem": "is missing"}
        raise Refusal(ErrorCode.BAD_PROPOSAL, f"{AGENT_NIX} is missing; the flake imports it", problems=[problem])
    config, written = _config(repository, files)
    before = {} if spawn else files_of(repository, base)
    found = [
        *_config_notes(config),
        *_both_set(written, content(repository, files[AGENT_NIX]), has_toml=AGENT_TOML in files),
        *_file_notes(repository, files, before),
        *_commit_notes(repository, commit, None if spawn else base, start),
    ]
    left_out = len(found) - _NOTES
    return Checked(config, found[:_NOTES] + ([f"{left_out} more notes of this kind"] if left_out > 0 else []))


def _check_base(repository: Repository, commit: str, base: str | None, *, spawn: bool) -> None:
    if base is None:
        return
    if not refs.descends(repository, commit, base):
        text = f"{commit[:12]} does not descend from {base[:12]}, which is deployed; rebase it and ask again"
        raise Refusal(ErrorCode.STALE_BASE, text, commit=commit, deployed=base)
    if commit == base and not spawn:
        raise Refusal(ErrorCode.NOTHING_NEW, f"{commit[:12]} is what is deployed already", commit=commit)


def _check_fixed(files: dict[str, File], at_start: dict[str, File]) -> None:
    problems: list[dict[str, str]] = []
    if files.get(FLAKE) != at_start.get(FLAKE):
        what = "is changed" if FLAKE in files else "is missing"
        problems.append({"path": FLAKE, "problem": f"{what}; it is the same in every configuration"})
    for name in sorted({path.split("/")[0] for path in files} - {FLAKE}):
        if plain_form(name) == FLAKE:
            problems.append({"path": shown(name), "problem": f"could be taken for {FLAKE}, which can't be changed"})
        elif plain_form(name) in FIXED:
            problem = f"can't be there: {FLAKE} has no inputs to lock, and hyperhive's own flake locks all others"
            problems.append({"path": shown(name), "problem": problem})
    if problems:
        first = problems[0]
        text = f"{first['path']} {first['problem']}; only the other files may change"
        raise Refusal(ErrorCode.FIXED_FILE, text, problems=problems)


def _config(repository: Repository, files: dict[str, File]) -> tuple[AgentConfig, frozenset[str]]:
    """The configuration, and the tables and keys that the file itself sets."""
    if AGENT_TOML not in files:
        return AgentConfig(), frozenset()
    config = agent_toml.parse(content(repository, files[AGENT_TOML]))
    return config, frozenset(config.model_fields_set)


def _config_notes(config: AgentConfig) -> list[str]:
    notes = [
        f"an extra MCP server {key!r} runs {_shortened(' '.join([server.command, *server.args]))} as the agent"
        if server.command is not None
        else f"an extra MCP server {key!r} is reached at {server.url!r}"
        for key, server in config.mcp.items()
    ]
    notes.extend(
        f"the agent sees {mount.host!r} at {mount.at!r}, {'writable' if mount.writable else 'read-only'}"
        for mount in config.mounts
    )
    if "budgets" in config.model_fields_set:
        notes.append("[budgets] is kept with the configuration; this version does not enforce it")
    return notes


def _shortened(text: str) -> str:
    left_out = len(text) - _NOTE_CHARACTERS
    more = f" and {left_out} more characters, which the diff has," if left_out > 0 else ""
    return f"{text[:_NOTE_CHARACTERS]!r}{more}"


def _both_set(written: frozenset[str], nix: bytes, *, has_toml: bool) -> list[str]:
    text = re.sub(r"#[^\n]*", "", nix.decode("utf-8", "replace"))
    notes = [
        f"{AGENT_NIX} seems to set {name!r}, as {AGENT_TOML} does: on NixOS {AGENT_NIX} wins"
        for name in sorted(written)
        if re.search(rf"(?<![\w-]){re.escape(name)}(\.[\w\".-]+)?\s*=(?!=)", text)
    ]
    if AGENT_TOML in text and not has_toml:
        notes.append(f"{AGENT_NIX} seems to read {AGENT_TOML}, which is missing; the build may fail")
    return notes


def _file_notes(repository: Repository, files: dict[str, File], before: dict[str, File]) -> list[str]:
    """Of the files that differ from what was there before."""
    found: list[str] = []
    changed = {path: file for path, file in files.items() if before.get(path) != file}
    for path, file in changed.items():
        found.extend(notes_of.of_name(path))
        for own in (AGENT_NIX, AGENT_TOML):
            if path != own and plain_form(path) == own:
                found.append(f"{shown(path)} could be taken for {own}, and is another file")
        if file.executable:
            found.append(f"{shown(path)} is executable")
        if path not in before or before[path].id != file.id:
            found.extend(notes_of.of_content(path, content(repository, file)))
    return found + _unused(repository, files, [path for path in changed if path not in before and path not in _OWN])


def _unused(repository: Repository, files: dict[str, File], added: list[str]) -> list[str]:
    words: dict[str, set[str]] = {}
    read = 0
    for path, file in files.items() if added else ():
        data = content(repository, file)
        read += len(data)
        if read > _SEARCHED_BYTES:
            return []
        words[path] = set(_WORD.findall(data.decode("utf-8", "replace")))
    named = Counter(word for found in words.values() for word in found)
    return [
        f"{shown(path)} is new, and no other file seems to name it"
        for path in added
        if named[path.split("/")[-1]] <= (path.split("/")[-1] in words[path])
        and words[AGENT_NIX].isdisjoint(path.split("/")[:-1])
    ]


def _commit_notes(repository: Repository, commit: str, base: str | None, start: str) -> list[str]:
    """Of the words of commits since the base, which no diff shows."""
    found: list[str] = []
    waiting, seen = [commit], {base, start}
    while waiting and len(found) < _NOTES:
        oid = waiting.pop()
        if oid not in seen:
            seen.add(oid)
            taken = raw.commit(repository.odb.read(commit_of(repository, oid).id)[1])
            found.extend(notes_of.of_words(f"commit {oid[:12]}", taken.words))
            waiting.extend(taken.parents)
    return found

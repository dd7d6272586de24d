"""flake.lock as a value."""

import json
from typing import Any

import pytest
from hive_lifecycle.meta import MetaError
from hive_lifecycle.meta.lock_file import LockFile, parse
from hive_wire.errors import ErrorCode


def a_lock(**inputs: dict[str, Any]) -> LockFile:
    """A lock whose inputs have one input `packages` each, of that revision."""
    nodes: dict[str, Any] = {"root": {"inputs": {name: name for name in inputs}}}
    for number, (name, rev) in enumerate(inputs.items(), 1):
        packages = "packages" if number == 1 else f"packages_{number}"
        nodes[name] = {
            "inputs": {"packages": packages, "same": [name, "packages"]},
            "locked": {"rev": rev["own"], "lastModified": 5},
            "flake": False,
        }
        nodes[packages] = {"locked": {"rev": rev["packages"]}}
    return parse(json.dumps({"nodes": nodes, "root": "root", "version": 7}))


ONE = {"own": "1", "packages": "p1"}
TWO = {"own": "2", "packages": "p2"}


def test_a_text_that_was_read_is_written_as_it_was() -> None:
    lock = a_lock(a=ONE, b=TWO)
    assert parse(lock.text()) == lock
    assert json.loads(lock.text())["nodes"]["a"]["flake"] is False
    assert "original" not in lock.text()


def test_an_input_takes_all_below_it_along_and_displaces_nothing() -> None:
    base, other = a_lock(a=ONE, b=ONE), a_lock(b=TWO)

    moved = base.with_input("b", other, "b")

    assert moved.same("b", other)
    assert moved.same("a", base)
    assert sorted(moved.nodes) == ["a", "b", "packages", "packages_2", "root"]


def test_an_input_that_goes_leaves_nothing_behind() -> None:
    lock = a_lock(a=ONE, b=TWO).without(["b"])
    assert sorted(lock.nodes) == ["a", "packages", "root"]
    assert a_lock(a=ONE).without(["a"]) == LockFile()


def test_a_difference_deep_below_an_input_is_seen() -> None:
    lock = a_lock(a=ONE)
    assert lock.same("a", a_lock(b=TWO, a=ONE))
    assert not lock.same("a", a_lock(a={"own": "1", "packages": "p2"}))
    assert not lock.same("a", LockFile())
    assert lock.same("nowhere", LockFile())


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"nodes": {"ro',
        "[]",
        '{"nodes": {}, "root": "root", "version": 7}',
        '{"nodes": {"root": {"inputs": {"a": "gone"}}}, "root": "root", "version": 7}',
        '{"nodes": {"root": {}}, "root": "root", "version": 6}',
        '{"nodes": {"root": {"inputs": 5}}, "root": "root", "version": 7}',
    ],
)
def test_what_nix_would_not_write_is_refused(text: str) -> None:
    with pytest.raises(MetaError) as refused:
        parse(text)
    assert refused.value.code == ErrorCode.BROKEN_LOCK


def test_a_lock_that_leads_in_a_circle_ends_all_the_same() -> None:
    nodes = {"root": {"inputs": {"a": "a"}}, "a": {"inputs": {"b": "b"}}, "b": {"inputs": {"a": "a"}}}
    lock = parse(json.dumps({"nodes": nodes, "root": "root", "version": 7}))
    assert lock.same("a", lock)
    assert LockFile().with_input("a", lock, "a").same("a", lock)
    assert lock.without(["a"]) == LockFile()

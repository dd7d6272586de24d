"""flake.lock, version 7: which revision each input is locked to, and the moving of single inputs from one to another.

A value; decides nothing about what is locked.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from hive_lifecycle.meta.errors import broken_lock
from hive_lifecycle.meta.lock_node import Links, Node

ROOT = "root"
VERSION = 7


class _Text(BaseModel):
    nodes: dict[str, Node]
    root: str
    version: int


@dataclass(frozen=True)
class LockFile:
    """Nodes by key. Keys mean nothing outside the file: only names of inputs do."""

    nodes: Mapping[str, Node] = field(default_factory=lambda: {ROOT: Node()})
    root: str = ROOT

    def text(self) -> str:
        """As nix writes it."""
        nodes = {key: node.model_dump(exclude_unset=True) for key, node in self.nodes.items()}
        return json.dumps({"nodes": nodes, "root": self.root, "version": VERSION}, indent=2, sort_keys=True) + "\n"

    def names(self) -> list[str]:
        """The flake's inputs."""
        return sorted(self.nodes[self.root].links)

    def input(self, name: str) -> Node | None:
        """The node of one of the flake's inputs."""
        key = self.key(name)
        return None if key is None else self.nodes[key]

    def key(self, name: str) -> str | None:
        """The key of that node."""
        key = self.nodes[self.root].links.get(name)
        return key if isinstance(key, str) else None

    def without(self, names: Iterable[str]) -> "LockFile":
        """Those inputs are gone, and what nobody else needs."""
        gone = set(names)
        links = {name: link for name, link in self.nodes[self.root].links.items() if name not in gone}
        return self._rooted(links)

    def with_node(self, name: str, node: Node) -> "LockFile":
        """That input is this node, which has no inputs of its own."""
        return self.with_input(name, LockFile({ROOT: Node().linked({name: name}), name: node}), name)

    def with_input(self, name: str, other: "LockFile", key: str) -> "LockFile":
        """That input, with all below it, is as the other file has it under `key`."""
        base = self.without([name])
        taken, keys = set(base.nodes), dict[str, str]()
        for old in other.below(key):
            keys[old] = _free(name if old == key else old, taken)
            taken.add(keys[old])
        moved = {keys[old]: other.nodes[old].linked(_renamed(other.nodes[old].links, keys)) for old in keys}
        root = base.nodes[base.root]
        rooted = {base.root: root.linked({**root.links, name: keys[key]})}
        return LockFile({**base.nodes, **moved, **rooted}, base.root)

    def with_changed(self, name: str, node: Node) -> "LockFile":
        """That input's node is another one with the same inputs."""
        key = self.key(name)
        return self if key is None else LockFile({**self.nodes, key: node}, self.root)

    def same(self, name: str, other: "LockFile") -> bool:
        """Whether both files lock that input, with all below it, alike; or neither has it."""
        waiting, seen = [(self.key(name), other.key(name))], set[tuple[str | None, str | None]]()
        while waiting:
            pair = waiting.pop()
            if pair in seen or pair == (None, None):
                continue
            seen.add(pair)
            following = _compare(self.nodes.get(pair[0] or ""), other.nodes.get(pair[1] or ""))
            if following is None:
                return False
            waiting.extend(following)
        return True

    def below(self, key: str) -> list[str]:
        """The keys of that node and of all below it."""
        found, waiting = list[str](), [key]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.append(here)
                waiting.extend(sorted(link for link in self.nodes[here].links.values() if isinstance(link, str)))
        return found

    def _rooted(self, links: Links) -> "LockFile":
        smaller = LockFile({**self.nodes, self.root: self.nodes[self.root].linked(links)}, self.root)
        return LockFile({key: smaller.nodes[key] for key in smaller.below(self.root)}, self.root)


def parse(text: str) -> LockFile:
    """Refuses `broken_lock`."""
    try:
        found = _Text.model_validate_json(text)
    except ValidationError as error:
        raise broken_lock(f"flake.lock is not what nix writes: {error.errors()[0]['msg']}") from error
    keys = (link for node in found.nodes.values() for link in node.links.values() if isinstance(link, str))
    missing = sorted({found.root, *keys} - set(found.nodes))
    if missing or found.version != VERSION:
        what = f"no node {missing[0]!r}" if missing else f"version {found.version}"
        raise broken_lock(f"flake.lock has {what}")
    return LockFile(found.nodes, found.root)


def _free(key: str, taken: set[str]) -> str:
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}_{number}"
    return free


def _renamed(links: Links, keys: Mapping[str, str]) -> Links:
    return {name: keys[link] if isinstance(link, str) else link for name, link in links.items()}


def _compare(one: Node | None, two: Node | None) -> list[tuple[str | None, str | None]] | None:
    """The pairs of nodes still to be compared; None where these two differ."""
    if one is None or two is None or one.content() != two.content() or one.links.keys() != two.links.keys():
        return None
    pairs = [(link, two.links[name]) for name, link in one.links.items()]
    if any(left != right for left, right in pairs if not (isinstance(left, str) and isinstance(right, str))):
        return None
    return [(left, right) for left, right in pairs if isinstance(left, str) and isinstance(right, str)]

"""One node of flake.lock: an input with what it is locked to, or the flake itself. Unknown keys stay as they are."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, JsonValue

Attributes = dict[str, JsonValue]
Links = dict[str, str | list[str]]
"""Inputs by name: another node's key, or (`follows`) a path of names from the root."""


class Node(BaseModel):
    """A node; what is absent stays absent."""

    model_config = ConfigDict(frozen=True, extra="allow")

    inputs: Links | None = None
    locked: Attributes | None = None
    original: Attributes | None = None

    @property
    def links(self) -> Links:
        """Its own inputs."""
        return self.inputs or {}

    @property
    def revision(self) -> str | None:
        """The full id of the locked commit."""
        found = (self.locked or {}).get("rev")
        return found if isinstance(found, str) else None

    @property
    def changed_at(self) -> datetime | None:
        """When what is locked was made."""
        found = (self.locked or {}).get("lastModified")
        return datetime.fromtimestamp(found, UTC) if isinstance(found, int) else None

    def content(self) -> Attributes:
        """All that it says but its inputs."""
        return self.model_dump(exclude_unset=True, exclude={"inputs"})

    def linked(self, links: Links) -> "Node":
        """The same with those inputs."""
        return Node.model_validate({**self.content(), **({"inputs": links} if links else {})})

    def changed(self, **attributes: Attributes) -> "Node":
        """The same, but `locked` or `original` is as given."""
        return Node.model_validate({**self.model_dump(exclude_unset=True), **attributes})

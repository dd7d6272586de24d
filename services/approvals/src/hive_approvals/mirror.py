"""A copy of an applied repository on a Forgejo: `main` and every tag, forced, in an organisation's private repository.

The token is read anew for each push and is handed to that forge alone: it is in no remote, address, log or error.
When to push, and again after a failure, is up to others.
"""

import http.client
import json
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import pygit2
import structlog
from pygit2 import GitError, Remote, RemoteCallbacks, Repository, UserPass
from pygit2.enums import CredentialType

from hive_approvals.config_repo.libgit import BRANCH

log = structlog.get_logger()

SECONDS = 20
_USER = "hyperhive"
"""Forgejo takes the user's name from the token; any other will do."""

pygit2.settings.server_connect_timeout = SECONDS * 1000
pygit2.settings.server_timeout = SECONDS * 1000


class MirrorFailed(Exception):
    """A push did not succeed; the text says why and holds nothing secret."""


@dataclass(frozen=True)
class _Forge:
    """A forge as one push sees it."""

    url: str
    organisation: str
    token: str

    def repository(self, agent: str) -> str:
        """The address of an agent's copy."""
        return f"{self.url}/{quote(self.organisation, safe='')}/{quote(agent, safe='')}.git"

    def clean(self, text: str) -> str:
        """A text from elsewhere without the token."""
        return text.replace(self.token, "***")[:500]


class Mirror:
    """Where copies go; without an address nowhere."""

    def __init__(self, url: str | None, organisation: str, token_file: Path | None) -> None:
        self._url = url.rstrip("/") if url else None
        self._organisation = organisation
        self._token_file = token_file
        self._guard = threading.Lock()
        self._made: set[str] = set()

    def push(self, agent: str, repository: Path) -> bool:
        """Bring the copy up to date; False, with a line in the log, where that failed. Safe to repeat."""
        if self._url is None:
            return True
        try:
            forge = self._forge(self._url)
            self._make(forge, agent)
            _push(forge, agent, repository)
        except MirrorFailed as error:
            with self._guard:
                self._made.discard(agent)
            log.warning("mirror_failed", agent=agent, forge=_shown(self._url), error=str(error))
            return False
        return True

    def _forge(self, url: str) -> _Forge:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise MirrorFailed("the forge's address must be http or https, without a user or password in it")
        try:
            token = self._token_file.read_text().strip() if self._token_file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise MirrorFailed(f"the token file can't be read: {type(error).__name__}") from None
        if not token.isascii() or not token.isprintable() or not token:
            raise MirrorFailed("there is no token in the token file")
        return _Forge(url, self._organisation, token)

    def _make(self, forge: _Forge, agent: str) -> None:
        with self._guard:
            if agent in self._made:
                return
        owner, name = quote(forge.organisation, safe=""), quote(agent, safe="")
        status = _ask(forge, "GET", f"/api/v1/repos/{owner}/{name}", None)
        if status == 404:
            wanted = {"name": agent, "private": True, "auto_init": False, "default_branch": BRANCH}
            status = _ask(forge, "POST", f"/api/v1/orgs/{owner}/repos", wanted)
        if status not in (200, 201, 409):  # 409: somebody else made it meanwhile
            raise MirrorFailed(f"the forge answered {status} when asked for the repository")
        with self._guard:
            self._made.add(agent)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token elsewhere; it is answered as what it is."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


class _Callbacks(RemoteCallbacks):
    def __init__(self, forge: _Forge) -> None:
        super().__init__()
        self._forge = forge
        self._asked = False
        self.refused: list[str] = []

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> UserPass:
        there, here = urlsplit(url), urlsplit(self._forge.url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise MirrorFailed("the forge leads to another host, which gets no token")
        if self._asked:
            raise MirrorFailed("the forge does not take the token")
        self._asked = True
        return UserPass(_USER, self._forge.token)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        if message is not None:
            self.refused.append(f"{refname}: {message}")


def _push(forge: _Forge, agent: str, folder: Path) -> None:
    callbacks = _Callbacks(forge)
    try:
        repository = Repository(str(folder))
        tags = sorted(name for name in repository.references if name.startswith("refs/tags/"))
        remote: Remote = repository.remotes.create_anonymous(forge.repository(agent))
        remote.push([f"+{name}:{name}" for name in (f"refs/heads/{BRANCH}", *tags)], callbacks=callbacks)
    except (GitError, OSError, ValueError, KeyError) as error:
        raise MirrorFailed(forge.clean(f"{type(error).__name__}: {error}")) from None
    if callbacks.refused:
        raise MirrorFailed(forge.clean(f"the forge refused {callbacks.refused[0]}"))


def _ask(forge: _Forge, method: str, path: str, body: dict[str, Any] | None) -> int:  # Any: JSON
    """The status of an answer of Forgejo's API."""
    headers = {"Authorization": f"token {forge.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(forge.url + path, data, headers, method=method)
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorFailed(forge.clean(f"{type(error).__name__}: {error}")) from None


def _shown(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]

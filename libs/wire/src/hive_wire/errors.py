"""Stable error codes: the same in NATS replies, HTTP, MCP and the CLI."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from hive_wire.model import Wire


class ErrorCode(StrEnum):
    """Why a request was refused or could not be done. A code never changes its meaning."""

    BAD_REQUEST = "bad_request"
    """The payload is not what the verb takes; `details.errors` lists the fields."""
    FORBIDDEN = "forbidden"
    """The caller's role may not do this."""
    NOT_LOGGED_IN = "not_logged_in"
    """The page's session is missing or over; `hive open` makes a new login address."""
    BAD_LOGIN_CODE = "bad_login_code"
    """The login code is unknown, used or older than ten minutes."""
    BAD_ORIGIN = "bad_origin"
    """The request came from another site or under another host name."""
    NOT_FOUND = "not_found"
    """No such thing, or none that the caller may see."""
    UNKNOWN_RECIPIENT = "unknown_recipient"
    """Nobody of that name; `details.known` lists who there is. Nothing was stored."""
    UNKNOWN_AGENT = "unknown_agent"
    """No agent of that name."""
    BAD_NAME = "bad_name"
    """The name has not the form `[a-z][a-z0-9-]{0,30}`."""
    RESERVED_NAME = "reserved_name"
    """The name belongs to hyperhive itself."""
    NAME_TAKEN = "name_taken"
    """An agent of that name exists, or its kept state does."""
    NAME_TOO_LONG = "name_too_long"
    """The runtime can't take a name of that length."""
    PORT_TAKEN = "port_taken"
    """Another agent's name hashes to the same port."""
    BODY_TOO_LARGE = "body_too_large"
    """The message is larger than the limit in `details.limit`; put the content into a file and name it."""
    KEY_REUSED = "key_reused"
    """The same key came again with another content."""
    STALE_EPOCH = "stale_epoch"
    """A newer start of this harness has taken over the inbox."""
    NOT_IN_TURN = "not_in_turn"
    """A message named was not handed out in that turn."""
    NOT_DEAD = "not_dead"
    """Only a dead message can be put back or dismissed."""
    SLOW_DOWN = "slow_down"
    """Too much at once from this sender; try again after `details.retry_after_seconds`."""
    BUSY = "busy"
    """The service has as many requests in hand as it takes; try again."""
    ACTION_IN_FLIGHT = "action_in_flight"
    """Another action on this agent runs; `details.action` names it."""
    UNKNOWN_ACTION = "unknown_action"
    """No action of that id, or what it printed is no longer kept."""
    UNKNOWN_INPUT = "unknown_input"
    """The swarm's flake has no input of that name; `details.known` lists those it has."""
    BROKEN_LOCK = "broken_lock"
    """The lock file of the swarm's flake can't be read or changed; nothing was."""
    BUILD_FAILED = "build_failed"
    """The configuration could not be built; what runs was not touched."""
    ROLLOUT_IN_FLIGHT = "rollout_in_flight"
    """Agents are being rebuilt one after another already; `details.id` says which rollout that is."""
    UNKNOWN_TOMBSTONE = "unknown_tombstone"
    """Nothing is kept of a destroyed agent of that name."""
    AGENT_EXISTS = "agent_exists"
    """An agent of that name lives: what belongs to it can't be purged; destroy it first."""
    MANAGER_PROTECTED = "manager_protected"
    """The manager can't be destroyed."""
    NOT_ALLOWED = "not_allowed"
    """The sender's configuration doesn't let it write to that recipient; `details.allowed` lists whom it may."""
    BAD_PATH = "bad_path"
    """The path leads out of the folder it must stay in, or to no plain file."""
    BAD_TIME = "bad_time"
    """Exactly one of a delay and a moment must be given, and not one in the past."""
    BAD_COMMIT = "bad_commit"
    """Not 7 to 40 hexadecimal digits: branches and tags don't pin one commit."""
    UNKNOWN_COMMIT = "unknown_commit"
    """The agent's proposed repository has no such commit, or several that begin so."""
    NO_REPO = "no_repo"
    """The agent has no configuration repository, or it is damaged."""
    BAD_PROPOSAL = "bad_proposal"
    """The commit holds something that can't be deployed; `details.problems` lists what and where."""
    FIXED_FILE = "fixed_file"
    """The proposal touches `flake.nix`; only the other files may change."""
    BAD_CONFIG = "bad_config"
    """`agent.toml` is not right; `details.problems` lists file, line, key and what is expected."""
    STALE_BASE = "stale_base"
    """The proposal does not descend from what is deployed; rebase it and ask again."""
    NOTHING_NEW = "nothing_new"
    """The commit is what is deployed already, or another approval of it waits."""
    ALREADY_DECIDED = "already_decided"
    """Somebody decided before; `details` says who, when and how."""
    CHANGED_SINCE_SHOWN = "changed_since_shown"
    """What is to be decided differs from what was shown; look again. `details.hash` is the present one."""
    DEPLOY_IN_FLIGHT = "deploy_in_flight"
    """Another approval of this agent is being carried out; decide when that has ended."""
    UNKNOWN_DRAFT = "unknown_draft"
    """No draft of that name."""
    DRAFT_IN_USE = "draft_in_use"
    """An approval of this draft waits or is under way."""
    BAD_ANSWER = "bad_answer"
    """No answer, an option that the question doesn't have, or several where one may be chosen."""
    ALREADY_ANSWERED = "already_answered"
    """The question has ended; `details` says how, by whom and when."""
    BAD_RECIPIENT = "bad_recipient"
    """Nobody can ask themselves, or that principal can't be asked."""
    HOLD_OVER = "hold_over"
    """The question was held for ten minutes in all, or has no deadline."""
    NOT_PENDING = "not_pending"
    """The reminder has fired or was cancelled."""
    NOT_RUNNING = "not_running"
    """The agent is not running."""
    NO_TURN = "no_turn"
    """No turn is running, or none is waiting for a decision."""
    UNAVAILABLE = "unavailable"
    """The service that answers this is not up."""
    DISCONNECTED = "disconnected"
    """The connection was lost; whether the request took effect is unknown."""
    TIMEOUT = "timeout"
    """No answer in time; whether the request took effect is unknown."""
    DISK_FULL = "disk_full"
    """The disk is full; nothing was stored."""
    STORAGE_FAILED = "storage_failed"
    """The database refused; nothing was stored."""
    INTERNAL = "internal"
    """A fault of ours; the service's log has it under the request's id."""


class ErrorBody(Wire):
    """The JSON of a refused request."""

    code: ErrorCode
    message: str
    """One sentence that the reader can act on."""
    details: dict[str, Any] = Field(default_factory=dict[str, Any])  # Any: facts differ by code


class Refusal(Exception):
    """A request was refused, or its outcome is unknown. Carries the wire's code.

    Raised by nouns and by calls alike, so that a refusal passes from service to service unchanged.
    """

    def __init__(self, code: ErrorCode, message: str, **details: Any) -> None:  # Any: facts differ by code
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details: dict[str, Any] = details

    def body(self) -> ErrorBody:
        """The refusal as it goes over the wire."""
        return ErrorBody(code=self.code, message=self.message, details=self.details)

"""The swarm's flake: one git repository that says which agents there are and at which commit each one is deployed.

Its lock file is changed in two steps, prepare and finalize or abort, each of which may be done again after a kill; the
log of its `main` is the history of deploys. What is built from it, and when it is changed, is decided elsewhere.
"""

from hive_lifecycle.meta.errors import MetaError
from hive_lifecycle.meta.flake_text import agent_of, input_of
from hive_lifecycle.meta.locker import Locker, LockRequest, Output, PinnedInput
from hive_lifecycle.meta.messages import deploy_message, update_message
from hive_lifecycle.meta.meta import Meta
from hive_lifecycle.meta.nix_locker import NixLocker
from hive_lifecycle.meta.pins import Pin
from hive_lifecycle.meta.plain_locker import PlainLocker
from hive_lifecycle.meta.state import LockedInput, MetaState

__all__ = [
    "LockRequest",
    "LockedInput",
    "Locker",
    "Meta",
    "MetaError",
    "MetaState",
    "NixLocker",
    "Output",
    "Pin",
    "PinnedInput",
    "PlainLocker",
    "agent_of",
    "deploy_message",
    "input_of",
    "update_message",
]

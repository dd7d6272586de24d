"""Runtimes: where agents run. One interface (`Runtime`), so that the rest of lifecycle needs not know whether an
agent is a NixOS container or a sandboxed process. Knows nothing of NATS, databases or the wire.
"""

from hive_lifecycle.runtimes.code_paths import code_paths
from hive_lifecycle.runtimes.interface import (
    AgentSpec,
    Capabilities,
    Exited,
    LogUnit,
    Mount,
    Runtime,
    RuntimeStatus,
    StartFailed,
    UnknownAgent,
)
from hive_lifecycle.runtimes.local import LocalRuntime
from hive_lifecycle.runtimes.sandbox_check import SandboxCheck, find_sandbox, install_command
from hive_lifecycle.runtimes.stopping import StillRunning, stop_all

__all__ = [
    "AgentSpec",
    "Capabilities",
    "Exited",
    "LocalRuntime",
    "LogUnit",
    "Mount",
    "Runtime",
    "RuntimeStatus",
    "SandboxCheck",
    "StartFailed",
    "StillRunning",
    "UnknownAgent",
    "code_paths",
    "find_sandbox",
    "install_command",
    "stop_all",
]

"""Runtimes: where agents run. One interface (`Runtime`), so that the rest of lifecycle needs not know whether an
agent is a NixOS container or a sandboxed process. Knows nothing of NATS, databases or the wire.
"""

from hive_lifecycle.runtimes.code_paths import code_paths
from hive_lifecycle.runtimes.interface import (
    AgentSpec,
    BuildFailed,
    Capabilities,
    Exited,
    InstallFailed,
    LogPage,
    LogUnit,
    Mount,
    Output,
    Runtime,
    RuntimeStatus,
    StartFailed,
    UnknownAgent,
)
from hive_lifecycle.runtimes.local import LocalRuntime
from hive_lifecycle.runtimes.nixos import NixosRuntime, NixosSettings
from hive_lifecycle.runtimes.sandbox_check import SandboxCheck, find_sandbox, install_command
from hive_lifecycle.runtimes.stopping import StillRunning, stop_all

__all__ = [
    "AgentSpec",
    "BuildFailed",
    "Capabilities",
    "Exited",
    "InstallFailed",
    "LocalRuntime",
    "LogPage",
    "LogUnit",
    "Mount",
    "NixosRuntime",
    "NixosSettings",
    "Output",
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

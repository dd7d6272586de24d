"""The `nixos` runtime: each agent is a NixOS container, made by `nixos-container`, run by systemd, built by nix.

Decides what is asked of those programs and in which order; looks afterwards instead of trusting their exit codes.
What a system is made of is its flake's matter.
"""

from hive_lifecycle.runtimes.nixos.runtime import NixosRuntime
from hive_lifecycle.runtimes.nixos.settings import NixosSettings

__all__ = ["NixosRuntime", "NixosSettings"]

"""docs/reference/nixos-options.md, from the modules' own declarations."""

import json
from pathlib import Path
from typing import Any

from tests.nix.evaluation import ROOT, evaluate

PAGE = ROOT / "docs" / "reference" / "nixos-options.md"
_HEAD = """# NixOS options

Generated from `nix/modules` by ./run gen; do not edit. How to use them: [install on NixOS](../howto/install-nixos.md).

## Of the host (`nixosModules.default`)
"""
_AGENT = """
## Of an agent (`agent.nix`)
What hyperhive itself needs to know of an agent. The agent's `agent.toml` sets them with the same keys; what `agent.nix`
sets goes before that. `*` stands for a key or each entry of a list.
"""


def options_page(store: Path) -> str:
    """The page. Raises EvaluationError."""
    host = evaluate(f"nixos.documented [ ] (nixos.optionsOf [ {ROOT}/nix/modules/host ])", store)
    agent = evaluate(f"nixos.documented [ ] (nixos.optionsOf [ {ROOT}/nix/modules/agent/agent-base.nix ])", store)
    parts = [_HEAD, *_rows(host, "services.hyperhive."), _AGENT, *_rows(agent, "hyperhive.")]
    return "".join(parts)


def _rows(options: list[dict[str, Any]], prefix: str) -> list[str]:  # Any: JSON of strings and flags
    ours = sorted(
        (option for option in options if option["name"].startswith(prefix)), key=lambda option: option["name"]
    )
    return ["| option | type | default | |\n|---|---|---|---|\n", *map(_row, ours)]


def _row(option: dict[str, Any]) -> str:  # Any: as above
    default = option["default"]
    shown = default["text"] if isinstance(default, dict) else default
    value = "required" if option["required"] and not isinstance(default, dict) else f"`{shown}`"
    example = "" if option["example"] == "null" else f" Example: `{_readable(option['example'])}`."
    description = f"{option['description']}{example}".replace("|", "\\|")
    return f"| `{option['name']}` | {option['type']} | {value} | {description} |\n"


def _readable(example: str) -> str:
    return json.dumps(json.loads(example))

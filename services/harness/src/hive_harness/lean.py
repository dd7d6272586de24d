"""Imported before everything else by the program: keeps out what an agent would pay for and never use.

There is one harness for each agent, so what it imports counts as often as there are agents.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

# structlog loads rich and pygments, 4 MB, for pretty tracebacks on terminals, wherever they are installed.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None makes its import fail, which structlog expects

_BARE = ("mcp", "mcp.server", "mcp.server.lowlevel")


def import_without_packages() -> None:
    """Let modules of the MCP library be imported without what its packages import on top: its client, an HTTP
    client, a second kind of server and cryptography, 8 MB together.

    To be called before the first import; what is imported from the library is then named by its own module.
    """
    for name in _BARE:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            continue  # not installed, or laid out in another way: the ordinary import says what is wrong
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = ModuleSpec(name, None, is_package=True)
        package.__spec__.submodule_search_locations = package.__path__
        sys.modules[name] = package

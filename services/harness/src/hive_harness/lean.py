"""Imported before everything else by the program: keeps out what an agent would pay for and never use.

structlog loads rich and pygments, 4 MB, for pretty tracebacks on terminals, wherever they are installed.
"""

import sys

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None makes its import fail, which structlog expects

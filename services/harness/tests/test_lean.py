"""What a harness does not load."""

import subprocess
import sys

TOOLS_SERVED = """
import sys
from hive_harness import lean
lean.import_without_packages()
import hive_harness.mcp.server
print(sorted({name.split(".")[0] for name, module in sys.modules.items() if module}))
"""


def test_serving_tools_brings_no_client_and_no_cryptography() -> None:
    done = subprocess.run([sys.executable, "-c", TOOLS_SERVED], capture_output=True, text=True, check=True)
    assert "'mcp'" in done.stdout
    for name in ("cryptography", "httpx2", "jwt", "rich", "sqlalchemy"):
        assert f"'{name}'" not in done.stdout

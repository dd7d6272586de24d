"""Where tests kill the service: at the point that the variable HIVE_FAULT_POINT names, it dies as by `kill -9`."""

import os
import signal


def point(name: str) -> None:
    """Die here, when this is the point."""
    if os.environ.get("HIVE_FAULT_POINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)

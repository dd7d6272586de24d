"""Ports for tests: below the range that Linux hands out by itself, so that no outgoing connection can take one."""

import random
import socket

PORTS = range(31_000, 32_700)


def free_port() -> int:
    """One of them that nothing listens on just now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port

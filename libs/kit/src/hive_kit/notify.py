"""The readiness protocol of systemd's `Type=notify`: one datagram to the socket named in NOTIFY_SOCKET."""

import os
import socket


def notify(message: str) -> None:
    """Send `READY=1`, `STOPPING=1`, `WATCHDOG=1`, …; does nothing where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(message.encode(), address)
        except OSError:
            return

"""The readiness protocol of systemd's `Type=notify`: one datagram to the socket named in NOTIFY_SOCKET; and its
watchdog, which wants to hear that the event loop still turns."""

import asyncio
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


async def feed_watchdog() -> None:
    """Send `WATCHDOG=1` twice in each WATCHDOG_USEC, for ever; returns at once where nobody watches this process.

    It comes from the event loop, so that a loop that hangs is noticed and the process killed and started anew.
    """
    seconds = _watched_seconds()
    if seconds is None:
        return
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds / 2)


def _watched_seconds() -> float | None:
    """sd_watchdog_enabled(3): the variables are inherited, so the process that is meant is named."""
    period, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    if not period.isascii() or not period.isdigit() or int(period) == 0:
        return None
    if process is not None and process != str(os.getpid()):
        return None
    return int(period) / 1_000_000

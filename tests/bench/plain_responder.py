# pyright: reportUnknownMemberType=false
# (nats-py annotates its subscriptions with a bare Future)
"""A responder with nothing behind it: nats-py, one subscription, the request's bytes cut short as the reply.

The limit that requests are measured against, and, as a process, the least that a connected Python can be.
`python -m tests.bench.plain_responder URL CREDS PRINCIPAL SUBJECT`
"""

import asyncio
import sys

from nats.aio.client import Client
from nats.aio.msg import Msg

_REPLY_BYTES = 100
"""About as long as the reply to a send."""


async def respond(url: str, creds: str, principal: str, subject: str) -> None:
    """Answer on `subject` for ever."""
    nc = Client()
    await nc.connect(url, user_credentials=creds, inbox_prefix=f"_INBOX.{principal}")

    async def reply(message: Msg) -> None:
        await nc.publish(message.reply, message.data[:_REPLY_BYTES])

    if subject:
        await nc.subscribe(subject, cb=reply)
        await asyncio.sleep(0)
        await nc.flush()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(respond(*sys.argv[1:5]))

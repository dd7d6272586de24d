"""nats-py's client, made fit for peers that mean harm.

What one agent publishes must not deafen whoever hears it. In nats-py 2.16 a message whose header block is malformed,
or whose subject or reply is no UTF-8, ends the reading of the whole connection without a word; and its parser takes
a vertical tab or form feed inside a subject, which servers let through, for the end of it, so that a sender could
choose the subscription that his message goes to.
"""

import re

import structlog
from nats.aio.client import Client
from nats.protocol import parser

log = structlog.get_logger()

# Servers separate by blanks (two where their own messages have no reply); everything else belongs to the subject.
parser.MSG_RE = re.compile(rb"\AMSG +([^ \r\n]+) +(\d+) +(([^ \r\n]+) +)?(\d+)\r\n")
parser.HMSG_RE = re.compile(rb"\AHMSG +([^ \r\n]+) +(\d+) +(([^ \r\n]+) +)?(\d+) +(\d+)\r\n")


class GuardedClient(Client):
    """Drops what can't be read and goes on reading."""

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        try:
            await super()._process_msg(sid, subject, reply, data, headers)
        except Exception as error:  # whatever a stranger's bytes set off: it must not reach the reading loop
            log.warning("message_dropped", subject=repr(subject[:200]), error=repr(error))

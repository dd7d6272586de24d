"""What makes a demo of a swarm: a key for the scripted model, and two agents to talk to."""

from hive_kit.bus import Bus
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, SecretRequest

NAMES = ("scout", "scribe")
# The scripted model takes any key; Claude Code wants to have one.
KEY = SecretRequest(name="anthropic-api-key", value="sk-ant-demo-scripted-model")


async def welcome(bus: Bus) -> None:
    """Hands out the key and spawns the two agents where they don't exist; safe to repeat."""
    await bus.call(lifecycle.SET_SECRET, KEY)
    for name in NAMES:
        try:
            await bus.call(lifecycle.SPAWN, AgentName(name=name))
        except Refusal as refusal:
            if refusal.code is not ErrorCode.NAME_TAKEN:
                raise

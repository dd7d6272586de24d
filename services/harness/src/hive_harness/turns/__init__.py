"""The turn loop: mail in, Claude Code woken, its end turned into acks, put-backs or messages held for the operator."""

from hive_harness.turns.loop import TurnLoop

__all__ = ["TurnLoop"]

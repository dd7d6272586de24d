"""Claude Code's events as rows of the agent's terminal. Pure; an event that is not known is kept as it came.

Turn starts and ends are the turn loop's to tell, since only it knows about the mail.
"""

from hive_harness.transcript.rows import Row, rows

__all__ = ["Row", "rows"]

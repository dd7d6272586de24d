"""One agent's harness.

Decides when the agent's Claude Code wakes, what it is told, and what a turn's end means for its mail: acked,
put back, or held for the operator. Keeps the agent's live events and statistics, serves its MCP tools, and
knows whether it is logged in. Leaves storing and delivering mail to the broker, and the container to lifecycle.
"""

"""The agent's tools, served to its Claude over MCP on loopback. A door: every action is a call to the broker."""

"""A further MCP server, as an agent's configuration may name one: two tools to look with, one to change with."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("clock")


@server.tool()
def get_time() -> str:
    """The time."""
    return "It is noon."


@server.tool()
def get_date() -> str:
    """The date."""
    return "It is Monday."


@server.tool()
def set_time(to: str) -> str:
    """Set the time."""
    return f"It is {to}."


server.run("stdio")

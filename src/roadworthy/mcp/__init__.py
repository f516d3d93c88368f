"""The tools of a use case for agents of any framework: an MCP server that holds every call to the charter."""

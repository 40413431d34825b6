"""Tools of MCP servers: found, kept, and carried out where they are."""

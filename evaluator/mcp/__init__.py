"""The rulebook for programs that speak MCP, read-only: what ``admission mcp`` serves."""

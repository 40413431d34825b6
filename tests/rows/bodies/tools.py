"""The tools of a request, by wire, or by provider where one has a form of its own."""

from inline_snapshot import snapshot

OWN_TOOLS: set[str] = set()

TOOLS = snapshot()

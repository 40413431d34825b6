"""Prompts on the wire `gemini`."""

from inline_snapshot import snapshot

PROMPTS = snapshot()

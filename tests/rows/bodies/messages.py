"""Prompts on the wire `messages`."""

from inline_snapshot import snapshot

PROMPTS = snapshot()

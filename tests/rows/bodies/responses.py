"""Prompts on the wire `responses`."""

from inline_snapshot import snapshot

PROMPTS = snapshot()

"""Prompts on the wire `converse`."""

from inline_snapshot import snapshot

PROMPTS = snapshot()

"""palaver: a server for conversations with stateful agents."""

__version__ = "0.1.0"

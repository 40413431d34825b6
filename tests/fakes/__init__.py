"""Stand-ins for what is not on this machine."""

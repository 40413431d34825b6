"""Speaks to models: which there are, and what goes over the wire to them and back."""

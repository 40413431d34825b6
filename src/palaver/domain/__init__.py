"""Nouns: what palaver talks about, as frozen data that speaks to nobody."""

"""What is decided: pure functions, with no event loop, clock, network or randomness."""

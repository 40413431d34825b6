"""Whether a server speaks the API: checks from outside, against any server.

They know nothing of how a server is made: they ask over HTTP and with the official Python client,
and hold what they are answered against the contract. Each has a name, says what it expects and what
it sees, and takes away what it has made.
"""

"""Whose certificates are believed."""

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """What all connections are secured by.

    There is one for the process: to read all certificates takes some 30 ms where they are in one
    file (as `SSL_CERT_FILE` names it), and nothing else is done meanwhile.
    """
    return httpx2.create_ssl_context()

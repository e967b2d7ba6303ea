"""Ports for servers that the tests start, stop and start again."""

import secrets
import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port below those that the kernel lends to clients, so that a restart finds it."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Whether a server could listen on a port now."""
    with socket.socket() as probe:
        # As PostgreSQL does: connections of the past do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True

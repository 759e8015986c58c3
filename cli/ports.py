"""Which loopback port each server gets: the one it had last time, else the one documented, else any free one.

Why the last one first: the demo's connection remembers where its ConnectWise was, also over a restart.
"""

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

HOST = "127.0.0.1"
API_PORT = 8080
SIMULATOR_PORT = 8090


def choose_port(wishes: Iterable[int | None]) -> int:
    """The first of the wished ports that is free, else a free one the system picks."""
    for port in (*wishes, 0):
        if port is not None and (chosen := _bind(port)):
            return chosen
    raise OSError("this machine has no free port on the loopback interface")


def port_of(url: str) -> int | None:
    return urlsplit(url).port


def _bind(port: int) -> int | None:
    """Take the port for an instant, as a server would, and tell which it was."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return None
        taken: int = probe.getsockname()[1]
        return taken

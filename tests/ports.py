"""Ports for servers that are started by number, or come back where they were."""

import random
import socket
from contextlib import suppress
from pathlib import Path

OURS = range(10_000, 2**16)
LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_CHANCE = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback interface that nobody uses, and that the system lends to nobody.

    Why: before a server has started, and while it is away, a port that the system lends may become the near end of
    anybody's connection to anywhere, and then the server can not have it.
    """
    first, last = map(int, LENT.read_text().split())
    never_lent = [port for port in OURS if not first <= port <= last]
    return [port for port in _CHANCE.sample(never_lent, 100) if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False

"""Serving the simulator: in the foreground for `main`, in a thread for tests.

uvicorn's own protocol does not let an application drop a connection; ours does, so that cuts can be ordered.
"""

import socket
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.delivery import HANG_UP


class CuttableProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with a way for the application to drop the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            extensions: MutableMapping[str, Any] = scope.setdefault("extensions", {})
            extensions[HANG_UP] = self.transport.abort
            await served(scope, receive, send)

        self.app = app


WAITING_CONNECTIONS = 2048


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on, although they are answered only once it is served; port 0 takes a
    free one.

    Raises: OSError when the address is taken.
    Why: the protocol is named because asyncio turns off Nagle's delay only then; without it each answer waits 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(WAITING_CONNECTIONS)
    except OSError:
        bound.close()
        raise
    return bound


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form: the certificate (with its chain) and its key."""

    certificate: Path
    key: Path


def url_of(bound: socket.socket, tls: Tls | None = None) -> str:
    scheme = "http" if tls is None else "https"
    host, port = bound.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def server(app: Starlette, tls: Tls | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        server_header=False,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    return uvicorn.Server(config)


@contextmanager
def running(app: Starlette, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None) -> Iterator[str]:
    """Serve an application in a thread of this process; gives its URL, and stops when the block ends.

    Raises: OSError when the address is taken, RuntimeError when the server does not come up.
    """
    bound = listening_socket(host, port)
    serving = server(app, tls)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [bound]}, name="simulator", daemon=True)
    thread.start()
    try:
        waiting = threading.Event()
        while not serving.started:
            if not thread.is_alive():
                raise RuntimeError("the simulator's server did not start")
            waiting.wait(0.005)
        yield url_of(bound, tls)
    finally:
        serving.should_exit = True
        thread.join()
        bound.close()

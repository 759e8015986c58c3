"""A wire to PostgreSQL that can be cut at the worst moment: a proxy on a unix socket.

Armed with `cut_before_request` it drops the next request; with `cut_before_answer` it lets the request through, waits
until the server has answered, and drops the answer: the commit has happened and nobody was told. `cut_after_request`
hangs up while the server is still at work.
"""

import select
import socket
import threading
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class FlakyWire(AbstractContextManager["FlakyWire"]):
    """Relays connections to the server behind `url`; its own URL is `url`. The directory's path must be short."""

    def __init__(self, url: str, directory: Path) -> None:
        parts = conninfo_to_dict(url)
        self._target = str(parts.get("host", "localhost")), int(parts.get("port") or 5432)
        self._path = directory / ".s.PGSQL.5432"
        self.url = make_conninfo(url, host=str(directory), port="5432", sslmode="disable", gssencmode="disable")
        self.cut_before_request = threading.Event()
        self.cut_before_answer = threading.Event()
        self.cut_after_request = threading.Event()
        self.cuts = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._threads: list[threading.Thread] = []
        self._wires: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener.bind(str(self._path))
        self._listener.listen(16)
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for wire in (self._listener, *self._wires):
            with suppress(OSError):  # it was closed before
                wire.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the listener was shut down
                return
            server = self._connect()
            self._wires += [client, server]
            self._start(self._relay, client, server)

    def _connect(self) -> socket.socket:
        host, port = self._target
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((host, port))

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with closing(client), closing(server), suppress(OSError):  # either end may go away at any moment
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for source in readable:
                    data = source.recv(65536)
                    is_request = source is client
                    if not data or self._is_cut(self.cut_before_request if is_request else self.cut_before_answer):
                        return
                    (server if is_request else client).sendall(data)
                    if is_request and self._is_cut(self.cut_after_request):
                        return

    def _is_cut(self, armed: threading.Event) -> bool:
        if not armed.is_set():
            return False
        armed.clear()
        self.cuts += 1
        return True

"""A small HTTP listener of a process's own: `/metrics`, `/health`, `/ready`.

It is apart from the API's port so that an operator decides who reaches it: by the address it listens on. It answers in
threads of its own, so a process that is stuck in its work still tells its numbers, and one that is gone does not.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from telemetry.numbers import CONTENT_TYPE, Numbers
from telemetry.settings import Address

STILL_SECONDS = 10.0
"""A connection that says nothing for so long is closed."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that an operator wants to be true, and what is so. `says` names no MSP."""

    name: str
    is_well: bool
    says: str


Ask = Callable[[], Sequence[Question]]


def readiness(
    questions: Sequence[Question], only: str | None = None, *, is_public: bool = False
) -> tuple[int, dict[str, object]]:
    """What `/ready` answers: 200 when every question is answered well, else 503; 404 for a question nobody knows.

    Where anybody may ask (`is_public`) it says which question is answered how, and no amounts: how much is recorded,
    due or behind is about all MSPs.
    """
    asked = [question for question in questions if only in (None, question.name)]
    if not asked:
        return 404, {"status": "unknown", "questions": sorted(question.name for question in questions)}
    is_well = all(question.is_well for question in asked)
    return 200 if is_well else 503, {
        "status": "ready" if is_well else "unready",
        "questions": [
            {"name": question.name, "is_well": question.is_well} if is_public else asdict(question)
            for question in asked
        ],
    }


@contextmanager
def listening(address: Address, numbers: Numbers, ask: Ask) -> Iterator[int]:
    """Answer at an address as long as the context lasts. Shape: the port.

    Raises: OSError when the address is taken.
    """

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environment["PATH_INFO"]:
            case "/metrics":
                status, kind, body = 200, CONTENT_TYPE, numbers.text()
            case "/health":
                status, kind, body = 200, "application/json", b'{"status":"alive"}'
            case "/ready":
                only = parse_qs(environment.get("QUERY_STRING", "")).get("ask", [None])[0]
                status, told = readiness(ask(), only)
                kind, body = "application/json", json.dumps(told).encode()
            case _:
                status, kind, body = 404, "application/json", b'{"status":"unknown"}'
        start(f"{status} {_PHRASES[status]}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with _Server.at(address, family) as server:
        server.set_app(answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="metrics")
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


_PHRASES = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    """A slow reader does not keep the process from ending."""

    @classmethod
    def at(cls, address: Address, family: socket.AddressFamily) -> "_Server":
        kind = type("_ServerOfFamily", (cls,), {"address_family": family})
        made = kind((address.host, address.port), _Handler)
        assert isinstance(made, _Server)
        return made

    def server_bind(self) -> None:
        # The library's own looks up the host's name here, which can take seconds where names are not served.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = STILL_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: a scrape each few seconds is no news."""

    def address_string(self) -> str:
        return str(self.client_address[0])

"""The whole API over real HTTP, as one would attack it: its server on a socket, a projector, two MSPs, tokens by an
identity provider, everything that is logged, and a trap that notices whoever calls it.
"""

import io
import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.app import compose, create_app
from api.provider_keys import ProviderKeySet
from api.server import server
from api.settings import TOKEN_KEY_FILE, ApiSettings
from api.tokens import ProviderKeys, Remembering, create_local_key
from journal.logs import JsonLines
from journal.settings import Mode, Settings
from projections.follower import keep_following
from tests.api.tokens_made import ISSUER, Provider
from tests.hostile.corpus import as_json
from tests.hostile.operations import outcomes, refusals
from tests.ports import free_ports

OURS, OTHERS = "acme", "globex-msp"
FAST = 1_000_000.0
TRACES = ("Traceback (most recent", 'File "/', "psycopg.", "site-packages", ".py:", '.py", line')


@dataclass(frozen=True)
class Answered:
    """What came back, and whether the journal moved meanwhile."""

    status: int
    text: str
    headers: Mapping[str, str]
    grown: int

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def codes(self) -> list[str]:
        errors = self.body.get("errors", ()) if self.text.startswith("{") else ()
        return [error.get("extensions", {}).get("code", "") for error in errors]

    @property
    def is_refused(self) -> bool:
        """Whether nothing was done: not let in, an error, or every outcome a refusal."""
        if self.status != 200 or not self.text.startswith("{") or self.body.get("data") is None:
            return True
        said = list(outcomes(self.body["data"]))
        return bool(said) and all(name in refusals() for name in said)


@dataclass
class World:
    """The running API and what can be seen of it from outside."""

    url: str
    database_url: str
    provider: Provider
    client: httpx.Client
    connection: psycopg.Connection[Any]
    log: io.StringIO
    trap: "Trap"
    secrets: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    def token(self, role: str, msp: str | None) -> str:
        return self.provider.token(role=role, msp=msp, sub=f"{role}-{msp}".lower())

    def position(self) -> int:
        row = self.connection.execute("SELECT coalesce(max(notification_id), 0) FROM facts").fetchone()
        assert row is not None
        return int(row[0])

    def ask(self, query: str, variables: Any, token: str) -> Answered:
        return self.send(as_json({"query": query, "variables": variables}).encode(), token)

    def send(self, body: bytes, token: str | None, **headers: str) -> Answered:
        named = {"Content-Type": "application/json", **headers}
        if token is not None:
            named["Authorization"] = f"Bearer {token}"
        return self.request("POST", "/graphql", headers=named, content=body)

    def request(self, method: str, path: str, **more: Any) -> Answered:
        before = self.position()
        response = self.client.request(method, path, **more)
        return Answered(response.status_code, response.text, response.headers, self.position() - before)

    def raw(self, sent: bytes, seconds: float = 10.0) -> bytes:
        """Whatever the server says to these bytes until it closes, or falls silent."""
        received = b""
        with socket.create_connection(self.address, timeout=seconds) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65_536):
                    received += piece
            except (ConnectionError, OSError):
                pass  # it would not hear us out
        return received

    def complaints(self, answered: Answered, sent: str) -> list[str]:
        """What is wrong with an answer, whatever was asked."""
        found = []
        if answered.status >= 500:
            found.append(f"status {answered.status}")
        if "InternalError" in answered.text:
            found.append("a masked bug")
        found += [f"a trace: {mark}" for mark in TRACES if mark in answered.text and mark not in sent]
        found += ["a secret" for secret in self.secrets if secret in answered.text and secret not in sent]
        if answered.grown and answered.is_refused:
            found.append(f"refused, and yet {answered.grown} facts were recorded")
        return found

    def bugs(self) -> list[str]:
        """Lines of the log that tell of a bug or hold a secret."""
        told = self.log.getvalue().splitlines()
        return [
            line
            for line in told
            if '"level":"ERROR"' in line or '"level":"CRITICAL"' in line or any(each in line for each in self.secrets)
        ]


class Trap:
    """A server on our own network that nobody should be led to; counts who comes."""

    def __init__(self) -> None:
        self.visits: list[tuple[Any, ...]] = []
        [self.port] = free_ports(1)
        self._sockets = [
            self._listening(socket.AF_INET, "127.0.0.1", self.port),
            self._listening(socket.AF_INET6, "::1", self.port),
        ]
        self._threads = [threading.Thread(target=self._serve, args=(each,), daemon=True) for each in self._sockets]

    def __enter__(self) -> "Trap":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    @staticmethod
    def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.bind((host, port))
        bound.listen()
        return bound

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                visitor, address = listening.accept()
            except OSError:
                return
            self.visits.append(address)
            visitor.close()


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Everything that any logger says, as a process of ours would write it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("api"))
    root = logging.getLogger()
    level = root.level
    logging.getLogger("httpx").setLevel(logging.WARNING)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def following(database_url: str) -> Iterator[None]:
    stop = threading.Event()
    projector = threading.Thread(target=keep_following, args=(database_url, stop), name="projector")
    projector.start()
    try:
        yield
    finally:
        stop.set()
        projector.join()


@contextmanager
def open_world(database_url: str, data_dir: Path, allowed_origins: frozenset[str] = frozenset()) -> Iterator[World]:
    """The API as we ship it, on a socket of its own, over a database with all tables."""
    provider = Provider()
    published = json.dumps(provider.published()).encode()
    create_local_key(data_dir / TOKEN_KEY_FILE)
    settings = Settings(mode=Mode.TEST, database_url=database_url, data_dir=data_dir, allowed_origins=allowed_origins)
    with ExitStack() as stack:
        log = stack.enter_context(captured_log())
        stack.enter_context(following(database_url))
        composed = stack.enter_context(compose(settings, ApiSettings(requests_per_second=FAST, introspection=False)))
        verifier = Remembering(ProviderKeys(ProviderKeySet(lambda: published), ISSUER))
        url = stack.enter_context(serving(create_app(replace(composed, tokens=verifier))))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))
        connection = stack.enter_context(psycopg.connect(database_url, autocommit=True))
        trap = stack.enter_context(Trap())
        yield World(url, database_url, provider, client, connection, log, trap)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application behind the server that we ship, in a thread of this process."""
    running = server(app)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as bound:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]}, name="api")
        thread.start()
        try:
            waiting = threading.Event()
            while not running.started:
                assert thread.is_alive(), "the server did not start"
                waiting.wait(0.005)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()

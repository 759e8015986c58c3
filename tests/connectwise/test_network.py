"""What happens on real sockets: cuts, drips, deadlines, pinned addresses."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest

from connectwise.auth import Credentials
from connectwise.budget import ProcessBudget
from connectwise.client import WritingClient
from connectwise.discovery import Address, Site
from connectwise.errors import DeadlinePassed, HostNotFound, NoAnswer, OutcomeUnknown, PsaError, Unreachable
from connectwise.exchange import Limits, Time, Wire
from connectwise.guard import Guard, GuardedHttp, Resolve
from domain.values import PsaAdditionId, PsaAgreementId
from tests.connectwise import documented
from tests.connectwise.loopback import Behaviour, Loopback, answer, certificate_for, loopback

AGREEMENT, ADDITION = PsaAgreementId(7), PsaAdditionId(70)
FINE = answer(200, json.dumps(documented.addition(70, 15)).encode())
NOWHERE = ssl.create_default_context()
PATIENT = 30.0
SHORT = 1.0
"""Seconds of a write that is to be cut off by its deadline: enough to send it also where nothing goes quickly."""


class Connect(Protocol):
    def __call__(
        self,
        origin: str,
        *,
        resolve: Resolve = ...,
        tls: ssl.SSLContext = ...,
        clock: Callable[[], float] = ...,
        limits: Limits | None = ...,
    ) -> WritingClient: ...


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients over real sockets, and closes their connections in the end."""
    with ExitStack() as opened:

        def make(
            origin: str,
            *,
            resolve: Resolve = lambda host, port: ("127.0.0.1",),
            tls: ssl.SSLContext = NOWHERE,
            clock: Callable[[], float] = time.monotonic,
            limits: Limits | None = None,
        ) -> WritingClient:
            guard = Guard(frozenset({origin}), resolve, clock)
            http = opened.enter_context(GuardedHttp(guard, tls, 8))
            budget = ProcessBudget(clock=clock)
            wire = Wire(http, "our-client-id", budget, Time(monotonic=clock), limits or Limits(attempts=1))
            address = Address(Site(origin, origin), "acme", "v4_6_release/", is_cloud=False)
            return WritingClient(wire, address, Credentials("acme", "public", "private"))

        yield make


def set_quantity(client: WritingClient, seconds: float) -> Decimal:
    return client.set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=time.monotonic() + seconds).quantity


def answers_all(connection: socket.socket, server: Loopback) -> None:
    while server.read_request(connection):
        connection.sendall(FINE)


def never_answers(connection: socket.socket, server: Loopback) -> None:
    server.read_request(connection)
    server.closing.wait(PATIENT)


def cuts(connection: socket.socket, server: Loopback) -> None:
    server.read_request(connection)


def cuts_within_the_body(connection: socket.socket, server: Loopback) -> None:
    server.read_request(connection)
    connection.sendall(FINE[:-20])


def drips_its_body(connection: socket.socket, server: Loopback) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
    while not server.closing.wait(0.01):
        connection.sendall(b" ")


def drips_its_head(connection: socket.socket, server: Loopback) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 X\r\nX-Long: ")
    while not server.closing.wait(0.01):
        connection.sendall(b"x")


def test_a_write_over_a_real_connection_arrives_whole_and_once(connect: Connect) -> None:
    with loopback(answers_all) as server:
        client = connect(f"http://127.0.0.1:{server.port}")

        assert set_quantity(client, PATIENT) == 15
        assert set_quantity(client, PATIENT) == 15

        assert [request.split(b"\r\n")[0] for request in server.received] == [
            b"PATCH /v4_6_release/apis/3.0/finance/agreements/7/additions/70 HTTP/1.1"
        ] * 2


@pytest.mark.parametrize("behaviour", [never_answers, drips_its_body, drips_its_head])
def test_a_write_ends_by_its_deadline_however_slowly_the_answer_comes(behaviour: Behaviour, connect: Connect) -> None:
    with loopback(behaviour) as server:
        client = connect(f"http://127.0.0.1:{server.port}")
        began = time.monotonic()

        with pytest.raises(OutcomeUnknown):
            set_quantity(client, SHORT)

        assert time.monotonic() - began < PATIENT
        assert len(server.received) == 1


@pytest.mark.parametrize("behaviour", [cuts, cuts_within_the_body])
def test_a_cut_connection_leaves_the_outcome_of_a_write_unknown_and_is_no_answer_to_a_read(
    behaviour: Behaviour, connect: Connect
) -> None:
    with loopback(behaviour) as server:
        client = connect(f"http://127.0.0.1:{server.port}")

        with pytest.raises(OutcomeUnknown):
            set_quantity(client, PATIENT)
        with pytest.raises(NoAnswer):
            client.addition(AGREEMENT, ADDITION)

        assert len(server.received) == 2


def test_a_read_is_sent_again_after_a_cut(connect: Connect) -> None:
    def cuts_once(connection: socket.socket, server: Loopback) -> None:
        while server.read_request(connection) and len(server.received) > 1:
            connection.sendall(FINE)

    with loopback(cuts_once) as server:
        limits = Limits(attempts=3, first_pause_seconds=0.001)
        client = connect(f"http://127.0.0.1:{server.port}", limits=limits)

        assert client.addition(AGREEMENT, ADDITION).quantity == 15
        assert len(server.received) == 2


def test_a_connection_that_the_server_closed_while_idle_does_not_spoil_the_next_write(connect: Connect) -> None:
    def answers_once(connection: socket.socket, server: Loopback) -> None:
        server.read_request(connection)
        connection.sendall(FINE)
        connection.shutdown(socket.SHUT_RDWR)

    with loopback(answers_once) as server:
        client = connect(f"http://127.0.0.1:{server.port}")

        set_quantity(client, PATIENT)
        wait_until_closed(server)
        set_quantity(client, PATIENT)

        assert len(server.received) == 2


def wait_until_closed(server: Loopback) -> None:
    """A whole second exchange takes longer than the kernel needs to deliver the end of the first connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as probe:
        probe.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while probe.recv(65536):
            pass
    server.received.pop()


def test_a_port_where_nobody_listens_means_that_nothing_was_sent(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Unreachable) as raised:
        set_quantity(connect(f"http://127.0.0.1:{port}"), PATIENT)

    assert raised.value.certainly_not_applied


class JumpingClock:
    """A clock that jumps an hour once it has been read so many times after it was armed."""

    def __init__(self, reads: int) -> None:
        self.reads = reads
        self.armed = False
        self.jumped = False

    def __call__(self) -> float:
        if self.armed:
            self.reads -= 1
        self.jumped = self.jumped or self.reads < 0
        return time.monotonic() + (3600 if self.jumped else 0)


@pytest.mark.parametrize(("reads", "connected"), [(0, False), (1, True)])
def test_not_one_byte_is_sent_when_the_deadline_passes_while_connecting(
    reads: int, connected: bool, connect: Connect
) -> None:
    """After resolving, the clock is read before connecting and before the first byte: it jumps at either."""
    clock = JumpingClock(reads)
    seen: list[bytes] = []
    accepted = threading.Event()

    def resolve(host: str, port: int) -> tuple[str, ...]:
        clock.armed = True
        return ("127.0.0.1",)

    def listens(connection: socket.socket, server: Loopback) -> None:
        accepted.set()
        seen.append(connection.recv(1))

    with loopback(listens) as server:
        client = connect(f"http://127.0.0.1:{server.port}", resolve=resolve, clock=clock)

        with pytest.raises(DeadlinePassed) as raised:
            client.set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=time.monotonic() + 60)

        assert raised.value.certainly_not_applied
        assert accepted.wait(PATIENT if connected else 0) is connected

    assert b"".join(seen) == b""


def test_the_deadline_of_one_thread_does_not_end_the_request_of_another(connect: Connect) -> None:
    short_is_over = threading.Event()

    def holds(connection: socket.socket, server: Loopback) -> None:
        request = server.read_request(connection)
        if b"GET" in request[:3]:
            short_is_over.wait(PATIENT)
            connection.sendall(FINE)
        server.closing.wait(PATIENT)

    with loopback(holds) as server, ThreadPoolExecutor(1) as pool:
        client = connect(f"http://127.0.0.1:{server.port}")
        long = pool.submit(client.addition, AGREEMENT, ADDITION)

        with pytest.raises(OutcomeUnknown):
            set_quantity(client, SHORT)
        short_is_over.set()

        assert long.result(PATIENT).quantity == 15


def test_the_connection_goes_to_the_judged_address_and_still_carries_the_name(tmp_path: Path, connect: Connect) -> None:
    serving, trusting = certificate_for("psa.customer.example", tmp_path)
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append((host, port))
        return ("127.0.0.1",)

    with loopback(answers_all, serving) as server:
        client = connect(f"https://psa.customer.example:{server.port}", resolve=resolve, tls=trusting)

        set_quantity(client, PATIENT)
        set_quantity(client, PATIENT)

        host = f"Host: psa.customer.example:{server.port}".encode()
        assert asked == [("psa.customer.example", server.port)]
        assert server.server_names == ["psa.customer.example"]
        assert all(host in request for request in server.received)


def test_head_and_body_of_a_write_leave_in_one_piece(tmp_path: Path, connect: Connect) -> None:
    serving, trusting = certificate_for("psa.customer.example", tmp_path)

    def answers_the_first_piece(connection: socket.socket, server: Loopback) -> None:
        server.received.append(connection.recv(65536))  # over TLS each piece that was sent is received by itself
        connection.sendall(FINE)

    with loopback(answers_the_first_piece, serving) as server:
        client = connect(f"https://psa.customer.example:{server.port}", tls=trusting)

        set_quantity(client, PATIENT)

        head, body = server.received[0].split(b"\r\n\r\n")
        assert head.startswith(b"PATCH ")
        assert b'[{"op": "replace", "path": "quantity", "value": 15}]' == body


def test_a_write_leaves_in_its_own_time_also_where_a_stray_answer_lies_in_front_of_its_own(connect: Connect) -> None:
    was_sent = threading.Event()

    def answers_twice_at_first(connection: socket.socket, server: Loopback) -> None:
        server.read_request(connection)
        connection.sendall(FINE + FINE)
        server.read_request(connection)
        was_sent.set()

    with loopback(answers_twice_at_first) as server:
        client = connect(f"http://127.0.0.1:{server.port}")
        set_quantity(client, PATIENT)

        set_quantity(client, PATIENT)

        assert was_sent.wait(PATIENT)
        assert 2 == len(server.received)


def test_a_certificate_of_another_name_is_not_to_be_trusted_and_nothing_is_sent(
    tmp_path: Path, connect: Connect
) -> None:
    serving, trusting = certificate_for("somebody.else.example", tmp_path)

    with loopback(answers_all, serving) as server:
        client = connect(f"https://psa.customer.example:{server.port}", tls=trusting)

        with pytest.raises(Unreachable, match=r"certificate of psa\.customer\.example"):
            set_quantity(client, PATIENT)

        assert server.received == []


def test_a_second_address_is_tried_when_the_first_does_not_answer(connect: Connect) -> None:
    with loopback(answers_all) as server:
        both = ("127.0.0.2", "127.0.0.1")
        client = connect(f"http://127.0.0.1:{server.port}", resolve=lambda host, port: both)

        assert set_quantity(client, PATIENT) == 15


def test_a_name_that_stops_resolving_is_later_not_never(connect: Connect) -> None:
    def resolve(host: str, port: int) -> tuple[str, ...]:
        raise HostNotFound(f"the name {host} does not resolve")

    with pytest.raises(Unreachable) as raised:
        set_quantity(connect("http://psa.customer.example", resolve=resolve), PATIENT)

    assert raised.value.certainly_not_applied


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with loopback(answers_all) as server:
        assert set_quantity(connect(f"http://127.0.0.1:{server.port}"), PATIENT) == 15


def test_many_threads_share_one_client(connect: Connect) -> None:
    with loopback(answers_all) as server, ThreadPoolExecutor(8) as pool:
        client = connect(f"http://127.0.0.1:{server.port}")

        done = list(pool.map(lambda _: client.addition(AGREEMENT, ADDITION).quantity, range(24)))

        assert done == [Decimal(15)] * 24


def test_errors_of_the_wire_are_errors_of_the_psa(connect: Connect) -> None:
    def talks_nonsense(connection: socket.socket, server: Loopback) -> None:
        server.read_request(connection)
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")

    with loopback(talks_nonsense) as server:
        client = connect(f"http://127.0.0.1:{server.port}")

        with pytest.raises(PsaError):
            client.addition(AGREEMENT, ADDITION)
        with pytest.raises(OutcomeUnknown):
            set_quantity(client, PATIENT)

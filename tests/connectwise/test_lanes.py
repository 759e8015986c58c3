"""Connections are kept, shared and given up by lanes, each of which carries one request at a time."""

from collections.abc import Iterator

import httpcore
import httpx
import pytest

from connectwise.guard import HOSTS_PER_LANE, KEEPALIVE_SECONDS, Guard, GuardedHttp, Lanes
from tests.connectwise.loopback import loopback
from tests.connectwise.test_network import NOWHERE, answers_all, never_answers

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def origin(host: str) -> httpcore.Origin:
    return httpcore.Origin(b"http", host.encode(), 80)


class Timed:
    """Lanes to hosts that answer well, on a clock that a test moves."""

    def __init__(self, most: int) -> None:
        self.now = 0.0
        self.opened: list[httpcore.ConnectionPool] = []
        self.lanes = Lanes(self._open, most, lambda: self.now)

    def _open(self) -> httpcore.ConnectionPool:
        backend = httpcore.MockBackend([FINE] * 20)
        self.opened.append(httpcore.ConnectionPool(max_connections=HOSTS_PER_LANE, network_backend=backend))
        return self.opened[-1]

    def asks(self, *hosts: str) -> list[httpcore.ConnectionPool]:
        """Ask hosts at the same time. Shape: the lane that carried each."""
        taken = [self.lanes.take(origin(host), 0) for host in hosts]
        for lane, host in zip(taken, hosts, strict=True):
            assert lane.request("GET", f"http://{host}/").status == 200
        for lane in taken:
            self.lanes.give_back(lane)
        return taken


@pytest.fixture
def timed() -> Iterator[Timed]:
    made = Timed(most=3)
    yield made
    made.lanes.close()
    assert not [one for pool in made.opened for one in pool.connections]


def test_a_host_is_asked_over_the_lane_that_is_connected_to_it(timed: Timed) -> None:
    [to_a, to_b] = timed.asks("a.example", "b.example")

    assert [to_a] == timed.asks("a.example")
    assert [to_b] == timed.asks("b.example")
    assert len(timed.opened) == 2


def test_another_host_is_asked_over_the_lane_that_rested_longest(timed: Timed) -> None:
    [first, second] = timed.asks("a.example", "b.example")

    assert [first] == timed.asks("c.example")
    assert [second] == timed.asks("d.example")
    assert [first] == timed.asks("a.example")
    assert len(timed.opened) == 2


def test_no_more_requests_go_at_the_same_time_than_there_may_be_lanes(timed: Timed) -> None:
    taken = [timed.lanes.take(origin("a.example"), 0) for _ in range(3)]

    with pytest.raises(httpcore.PoolTimeout):
        timed.lanes.take(origin("a.example"), 0.001)
    timed.lanes.give_back(taken[1])

    assert timed.lanes.take(origin("a.example"), 0) is taken[1]
    for lane in taken:
        timed.lanes.give_back(lane)


def test_lanes_that_nobody_needed_for_a_while_are_closed(timed: Timed) -> None:
    busy, *rested = timed.asks("a.example", "a.example", "a.example")
    timed.now = KEEPALIVE_SECONDS + 1
    timed.lanes.take(origin("nowhere.example"), 0)

    timed.lanes.give_back(busy)

    assert [0, 0] == [len(lane.connections) for lane in rested]


def test_a_lane_that_is_given_back_out_of_turn_is_not_closed_while_somebody_uses_it(timed: Timed) -> None:
    """The clock is asked in the order in which lanes are given back: no thread can come in between."""
    first, second, third = (timed.lanes.take(origin("a.example"), 0) for _ in range(3))
    times = iter([0.0, 1.0, KEEPALIVE_SECONDS + 0.5, KEEPALIVE_SECONDS + 0.6])
    asked_under_lock: list[bool] = []

    def clock() -> float:
        asked_under_lock.append(timed.lanes._lock.locked())
        return next(times)

    timed.lanes._clock = clock
    for lane in (first, second, third):
        timed.lanes.give_back(lane)

    assert [True] * 3 == asked_under_lock
    assert timed.lanes.take(origin("nowhere.example"), 0) is second
    timed.lanes.give_back(second)


def one_at_a_time(port: int) -> GuardedHttp:
    return GuardedHttp(Guard(frozenset({f"http://127.0.0.1:{port}"})), NOWHERE, 1)


def asked(transport: GuardedHttp, port: int) -> httpx.Response:
    timeout = {"connect": 5.0, "read": 0.2, "write": 5.0, "pool": 0.0}
    return transport.send("GET", f"http://127.0.0.1:{port}/", {}, None, timeout)


def test_an_answer_that_is_closed_twice_frees_one_lane() -> None:
    with loopback(answers_all) as server, one_at_a_time(server.port) as transport:
        for _ in range(3):
            response = asked(transport, server.port)
            assert response.read()
            response.close()
            response.close()
        still_open = asked(transport, server.port)
        with pytest.raises(httpx.PoolTimeout):
            asked(transport, server.port)
        still_open.close()


def test_a_request_without_an_answer_frees_its_lane() -> None:
    with loopback(never_answers) as server, one_at_a_time(server.port) as transport:
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                asked(transport, server.port)

"""A question costs one round trip, and finds a connection that is open."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from projections.reads import ask
from projections.reads.ask import Views, open_pool


@pytest.fixture
def asked_whether_open(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that the server was asked whether a connection is open."""
    asked: list[object] = []
    really = AsyncConnectionPool.check_connection

    async def check(connection: Any) -> None:
        asked.append(connection)
        await really(connection)

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", check)
    return asked


def with_views(url: str, scenario: Callable[[Views], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with open_pool(url, 1) as pool:
            await scenario(Views(pool))

    asyncio.run(run())


def test_questions_one_after_another_cost_no_other_round_trips(ledger: str, asked_whether_open: list[object]) -> None:
    async def scenario(views: Views) -> None:
        for number in range(5):
            assert number == await views.number("SELECT %s::int", (number,))

    with_views(ledger, scenario)

    assert 1 == len(asked_whether_open)


def test_a_connection_that_was_idle_for_long_is_looked_at(
    ledger: str, asked_whether_open: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "TRUSTED_IDLE_SECONDS", 0.0)

    async def scenario(views: Views) -> None:
        for _ in range(3):
            await views.number("SELECT 1")

    with_views(ledger, scenario)

    assert 3 == len(asked_whether_open)


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(ledger: str) -> None:
    async def scenario(views: Views) -> None:
        first = await views.number("SELECT pg_backend_pid()")
        with psycopg.connect(ledger, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))

        assert first != await views.number("SELECT pg_backend_pid()")

    with_views(ledger, scenario)

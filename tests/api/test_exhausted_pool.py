"""What is answered while others hold every connection to the views."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.api.harness import Api

ORGANIZATIONS = "{ organizations { totalCount } }"


@contextmanager
def every_connection_taken(api: Api) -> Iterator[None]:
    """As long as the context lasts; after a question has waited a tenth of a second it is given up."""
    pool, portal = api.parts.views.pool, api.served.portal
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for _ in range(pool.max_size):
            taken = portal.call(pool.getconn, 10)
            stack.callback(portal.call, pool.putconn, taken)
        patch.setattr(pool, "timeout", 0.1)
        yield


def test_a_question_that_finds_no_connection_is_told_to_come_again(api: Api) -> None:
    asker = api.admin()
    with every_connection_taken(api):
        refused = asker.ask(ORGANIZATIONS)
        by_the_clock = asker.one("{ serverTime }")

    assert ["Unavailable"] == refused.codes
    assert by_the_clock
    assert {"totalCount": 0} == asker.one(ORGANIZATIONS)


def test_questions_that_wait_are_answered_when_a_connection_comes_back(api: Api) -> None:
    """Many more questions than connections: each is answered, none takes another's place for good."""
    asker, pool = api.admin(), api.parts.views.pool
    headers = {"Authorization": f"Bearer {asker.token}"}

    async def ask_all() -> list[int]:
        taken = [await pool.getconn(10) for _ in range(pool.max_size)]
        waiting = [
            asyncio.create_task(api.served.client.post("/graphql", json={"query": ORGANIZATIONS}, headers=headers))
            for _ in range(10 * pool.max_size)
        ]
        answered, _ = await asyncio.wait(waiting, timeout=0.2)
        assert set() == answered
        for connection in taken:
            await pool.putconn(connection)
        return [answer.status_code for answer in await asyncio.gather(*waiting)]

    assert [200] * 10 * pool.max_size == api.served.portal.call(ask_all)

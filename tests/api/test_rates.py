"""How much a caller may ask: over all processes together, and without harm to others."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import psycopg
import pytest

from api.app import create_app
from api.context import Parts
from api.rates import Allowance, Allowances, RateLimited, Rates, SharedLedger
from api.settings import api_settings_from
from api.tokens import Principal
from api.turns import MOST_WAITING, Turns
from domain.values import MspId
from journal.entry import Role
from journal.settings import BadSetting
from projections.reads.ask import Views, open_pool
from tests.api.harness import Api, Served

T = TypeVar("T")
NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)
SMALL = Allowances(Allowance(10, 20), Allowance(20, 40), Allowance(100, 200))


def caller(msp: str | None = "acme", subject: str = "ada", role: Role = Role.ADMIN) -> Principal:
    return Principal(subject, role, None if msp is None else MspId(msp), NEXT_YEAR)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class CountingLedger:
    """Accounts in memory that time does not refill; counts how often it is asked."""

    tokens: dict[str, float] = field(default_factory=dict)
    asked: int = 0

    async def lease(self, account: str, wanted: float, allowance: Allowance) -> tuple[float, float]:
        self.asked += 1
        await asyncio.sleep(0)
        left = self.tokens.setdefault(account, allowance.burst)
        granted = min(wanted, float(int(left)))
        self.tokens[account] = left - granted
        return granted, 0.0 if granted else 1 / allowance.per_second


async def let_through(rates: Rates, who: Principal, times: int) -> int:
    async def one() -> bool:
        try:
            await rates.charge(who)
        except RateLimited:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


def test_a_caller_may_ask_its_burst_and_no_more() -> None:
    rates = Rates(CountingLedger(), SMALL, Clock())

    assert 20 == asyncio.run(let_through(rates, caller(), 1000))


def test_many_subjects_of_one_msp_share_what_the_msp_may_ask() -> None:
    async def all_of_them() -> int:
        rates = Rates(CountingLedger(), SMALL, Clock())
        return sum([await let_through(rates, caller(subject=f"s{number}"), 20) for number in range(5)])

    assert 40 == asyncio.run(all_of_them())


def test_others_are_not_touched_by_a_flood() -> None:
    async def flood_then_ask() -> int:
        rates = Rates(CountingLedger(), SMALL, Clock())
        await let_through(rates, caller("flooding"), 1000)
        return await let_through(rates, caller("quiet"), 20)

    assert 20 == asyncio.run(flood_then_ask())


def test_a_flood_hardly_asks_the_shared_ledger() -> None:
    ledger = CountingLedger()

    asyncio.run(let_through(Rates(ledger, SMALL, Clock()), caller(), 2_000))

    assert ledger.asked < 20


def test_a_refused_caller_is_let_in_again_when_time_has_passed() -> None:
    async def wait_and_ask() -> tuple[int, int]:
        ledger, clock = CountingLedger(), Clock()
        rates = Rates(ledger, SMALL, clock)
        await let_through(rates, caller(), 100)
        ledger.tokens["subject acme ADMIN ada"] = 5
        before = await let_through(rates, caller(), 1)
        clock.now += 1
        return before, await let_through(rates, caller(), 100)

    assert (0, 5) == asyncio.run(wait_and_ask())


def test_what_was_leased_long_ago_is_not_spent() -> None:
    async def rest() -> int:
        ledger, clock = CountingLedger(), Clock()
        rates = Rates(ledger, SMALL, clock)
        await rates.charge(caller())
        ledger.tokens.clear()
        ledger.tokens["subject acme ADMIN ada"] = 0
        clock.now += 3
        return await let_through(rates, caller(), 1)

    assert 0 == asyncio.run(rest())


def test_the_platform_has_an_account_of_its_own() -> None:
    rates = Rates(CountingLedger(), SMALL, Clock())

    assert 200 == asyncio.run(let_through(rates, caller(None, role=Role.PLATFORM), 1000))


def test_something_dear_is_charged_for_what_it_costs() -> None:
    async def dear() -> int:
        rates = Rates(CountingLedger(), SMALL, Clock())
        await rates.charge(caller(), 15)
        return await let_through(rates, caller(), 20)

    assert 5 == asyncio.run(dear())


def in_views(url: str, work: Callable[[Views, Views], Awaitable[T]]) -> T:
    """Two processes' worth of pools over one database."""

    async def main() -> T:
        async with open_pool(url, 2) as one, open_pool(url, 2) as other:
            return await work(Views(one), Views(other))

    return asyncio.run(main())


def test_two_processes_share_one_account(database: str) -> None:
    async def both(one: Views, other: Views) -> int:
        slow = Allowances(Allowance(0.001, 20), Allowance(0.001, 40), Allowance(0.001, 200))
        first, second = Rates(SharedLedger(one), slow), Rates(SharedLedger(other), slow)
        told = await asyncio.gather(let_through(first, caller(), 30), let_through(second, caller(), 30))
        return sum(told)

    assert 20 == in_views(database, both)


def test_the_shared_account_fills_again_with_time_and_never_beyond_its_burst(database: str) -> None:
    async def lease(one: Views, _other: Views) -> list[tuple[float, float]]:
        # A token comes every hundred seconds: none between two questions, however slow this machine is.
        ledger, allowance = SharedLedger(one), Allowance(per_second=0.01, burst=20)
        first = await ledger.lease("a", 100, allowance)
        empty = await ledger.lease("a", 1, allowance)
        async with one.pool.connection() as connection:
            await connection.execute("UPDATE request_rates SET counted_at = counted_at - interval '1 day'")
        return [first, empty, await ledger.lease("a", 100, allowance)]

    first, empty, full = in_views(database, lease)

    assert ((20.0, 0.0), 0.0, (20.0, 0.0)) == (first, empty[0], full)
    assert 0 < empty[1] <= 100


def test_a_clock_that_steps_back_gives_nothing_away(database: str) -> None:
    async def lease(one: Views, _other: Views) -> float:
        ledger, allowance = SharedLedger(one), Allowance(per_second=10, burst=20)
        await ledger.lease("a", 20, allowance)
        async with one.pool.connection() as connection:
            await connection.execute("UPDATE request_rates SET counted_at = counted_at + interval '1 day'")
        granted, _ = await ledger.lease("a", 20, allowance)
        return granted

    assert 0.0 == in_views(database, lease)


def test_without_a_database_nobody_is_refused_by_the_ledger() -> None:
    class Gone:
        async def tuples(self, *_: object) -> list[Any]:
            raise psycopg.OperationalError("gone")

    ledger = SharedLedger(Gone())  # type: ignore[arg-type]  # a view that can not be asked

    assert (3.0, 0.0) == asyncio.run(ledger.lease("a", 3.0, Allowance(1, 1)))


def over(api: Api, **parts: Any) -> Api:
    """The same application over other parts."""
    other: Parts = replace(api.parts, **parts)
    app = create_app(other)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test")
    served: Served = replace(api.served, parts=other, app=app, client=client)
    return Api(served, api.msp)


def test_who_asks_too_much_is_told_when_to_come_back_and_nothing_is_done(api: Api) -> None:
    allowances = Allowances(Allowance(1, 2), Allowance(1, 2), Allowance(1, 2))
    limited = over(api, rates=Rates(CountingLedger(), allowances, Clock()))
    admin = limited.admin()

    answers = [admin.ask("mutation { pause(input: {}) { __typename } }") for _ in range(4)]

    assert [200, 200, 429, 429] == [answer.status for answer in answers]
    assert ["RateLimited"] == answers[-1].codes
    assert "1" == answers[-1].headers["retry-after"]


def test_a_dear_question_is_refused_when_its_caller_has_spent_much(api: Api) -> None:
    page = "edges { node { id name } } nodes { id name licenseType createdAt }"
    dear = f"{{ organizations(first: 100) {{ {page} }} b: organizations(first: 100) {{ {page} }} }}"
    allowances = Allowances(Allowance(1, 6), Allowance(1, 9), Allowance(1, 9))
    limited = over(api, rates=Rates(CountingLedger(), allowances, Clock()))

    first, second = limited.admin().ask(dear), limited.admin().ask(dear)

    assert (200, []) == (first.status, first.codes)
    assert ["RateLimited"] == second.codes


def test_only_so_many_refused_callers_are_held_back() -> None:
    async def main() -> int:
        limited = Rates(CountingLedger(), SMALL, Clock(), most_held_back=2)
        tasks = [asyncio.create_task(limited.hold_back()) for _ in range(5)]
        _, held = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(held)
        return len(held)

    assert 2 == asyncio.run(main())


def test_requests_of_one_msp_wait_for_each_other_and_those_of_another_do_not() -> None:
    async def main() -> tuple[list[str], bool]:
        turns, go, three_run = Turns(at_once=2), asyncio.Event(), asyncio.Event()
        running: list[str] = []

        async def work(msp: str) -> None:
            async with turns.turn(caller(msp)):
                running.append(msp)
                if len(running) == 3:
                    three_run.set()
                await go.wait()

        tasks = [asyncio.create_task(work(msp)) for msp in (*["busy"] * 10, "other")]
        await three_run.wait()
        begun = list(running)
        go.set()
        await asyncio.gather(*tasks)
        return begun, not turns._places

    assert (["busy", "busy", "other"], True) == asyncio.run(main())


def test_an_endless_queue_is_not_joined() -> None:
    async def main() -> int:
        turns, go, ten_are_refused = Turns(at_once=1), asyncio.Event(), asyncio.Event()
        refused = 0

        async def work() -> None:
            nonlocal refused
            try:
                async with turns.turn(caller()):
                    await go.wait()
            except RateLimited:
                refused += 1
                if refused == 10:
                    ten_are_refused.set()

        tasks = [asyncio.create_task(work()) for _ in range(MOST_WAITING + 11)]
        await ten_are_refused.wait()
        go.set()
        await asyncio.gather(*tasks)
        return refused

    assert 10 == asyncio.run(main())


def test_a_stream_gives_its_turn_back_when_it_begins() -> None:
    async def main() -> int:
        turns = Turns(at_once=1)
        async with turns.turn(caller()) as first:
            first.end()
            async with turns.turn(caller()):
                return 2

    assert 2 == asyncio.run(main())


@pytest.mark.parametrize("text", ["0", "-1", "many", "1e9", "nan"])
def test_a_rate_that_is_none_is_refused_at_start(text: str) -> None:
    with pytest.raises(BadSetting, match="REQUESTS_PER_SECOND"):
        api_settings_from({"PSA_LEDGER_REQUESTS_PER_SECOND": text})

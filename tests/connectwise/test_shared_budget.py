"""The budget that all processes share: the same contract, on PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg_pool import ConnectionPool
from typing_extensions import override

from connectwise.budget import Allowance, Budget
from connectwise.errors import Throttled
from connectwise.shared_budget import ALIVE, KEPT_SECONDS, TABLES, TAKES_WITH_FEWER_WRITES, SharedBudget
from tests.connectwise.budget_contract import ACME, BudgetContract


@pytest.fixture
def pool(empty_database: str) -> Iterator[ConnectionPool]:
    with psycopg.connect(empty_database) as connection:
        connection.execute(TABLES)
        connection.execute(TAKES_WITH_FEWER_WRITES)
    with ConnectionPool(empty_database, min_size=1, max_size=16, open=True) as pool:
        yield pool


class TestSharedBudget(BudgetContract):
    pool: ConnectionPool

    @pytest.fixture(autouse=True)
    def _on_a_database(self, pool: ConnectionPool) -> None:
        self.pool = pool

    @override
    def budget(self, allowance: Allowance) -> Budget:
        return SharedBudget(self.pool, lambda _: allowance)

    def test_two_processes_share_the_places_of_a_tenant(self) -> None:
        one = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        other = SharedBudget(self.pool, lambda _: Allowance(parallel=1))

        with one.slot(ACME, 0):
            assert self.is_closed(other)
        assert not self.is_closed(other)

    def test_the_place_of_a_process_that_died_comes_free(self) -> None:
        budget = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        held = budget.slot(ACME, 0)
        held.__enter__()

        with self.pool.connection() as connection:
            connection.execute("UPDATE request_processes SET until = until - %s", (ALIVE,))

        assert not self.is_closed(budget)
        held.__exit__(None, None, None)

    def test_a_process_that_lives_keeps_its_place_through_a_long_request(self) -> None:
        budget = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        other = SharedBudget(self.pool, lambda _: Allowance(parallel=1))

        with budget, budget.slot(ACME, 0):
            threads = [thread.name for thread in threading.enumerate()]
            assert "request budget" in threads
            assert self.is_closed(other)

        assert "request budget" not in [thread.name for thread in threading.enumerate()]

    def test_who_stays_keeps_its_place_until_it_leaves_however_it_leaves(self) -> None:
        budget, other = self.of_one_place(), self.of_one_place()

        def stay() -> None:
            with budget.staying(ACME):
                assert not self.is_closed(other)
                with budget.slot(ACME, 0):
                    pass
                assert self.is_closed(other)
                with budget.slot(ACME, 0):
                    assert self.is_closed(other)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            stay()
        assert not self.is_closed(other)

    def test_who_stays_long_lets_others_have_their_turn_between_two_requests(self) -> None:
        now = [100.0]
        budget, other = self.of_one_place(lambda: now[0]), self.of_one_place()

        with budget.staying(ACME):
            with budget.slot(ACME, 0):
                now[0] += KEPT_SECONDS + 0.1
                assert self.is_closed(other)
            with other.slot(ACME, 0):
                assert self.is_closed(budget)
            with budget.slot(ACME, 0):
                pass
            assert self.is_closed(other)

    def test_a_place_that_was_lost_while_staying_is_not_used(self) -> None:
        budget, other = self.of_one_place(), self.of_one_place()

        with budget.staying(ACME):
            with budget.slot(ACME, 0):
                pass
            with self.pool.connection() as connection:
                connection.execute("DELETE FROM request_places")
            with other.slot(ACME, 0):
                assert self.is_closed(budget)
            with budget.slot(ACME, 0):
                assert self.is_closed(other)

    def test_who_stays_and_is_taken_for_dead_asks_for_its_place_anew(self) -> None:
        budget, other = self.of_one_place(), self.of_one_place()

        with budget.staying(ACME):
            with budget.slot(ACME, 0):
                pass
            with self.pool.connection() as connection:
                connection.execute("UPDATE request_processes SET until = until - %s", (ALIVE,))
            with budget.slot(ACME, 0):
                assert self.is_closed(other)

    def test_who_fails_while_it_stays_leaves_its_place_to_others_since_it_will_pause(self) -> None:
        budget, other = self.of_one_place(), self.of_one_place()

        with budget.staying(ACME):
            with pytest.raises(ZeroDivisionError), budget.slot(ACME, 0):
                raise ZeroDivisionError
            assert not self.is_closed(other)
            with budget.slot(ACME, 0):
                pass
            assert self.is_closed(other)

    def of_one_place(self, clock: Callable[[], float] = time.monotonic) -> SharedBudget:
        return SharedBudget(self.pool, lambda _: Allowance(parallel=1), clock=clock)

    def is_closed(self, budget: SharedBudget) -> bool:
        try:
            with budget.slot(ACME, 0):
                return False
        except Throttled:
            return True

"""The budget of one process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from connectwise.budget import MOST_ACCOUNTS, Allowance, Budget, ProcessBudget
from connectwise.errors import Throttled
from domain.values import Tenant
from tests.connectwise.budget_contract import ACME, BudgetContract
from tests.connectwise.edge import FakeTime


class TestProcessBudget(BudgetContract):
    @override
    def budget(self, allowance: Allowance) -> Budget:
        return ProcessBudget(lambda _: allowance)


@given(
    st.integers(1, 20),
    st.floats(0.5, 50),
    st.lists(st.floats(0, 3), min_size=1, max_size=80),
)
def test_over_any_time_no_more_is_let_through_than_burst_and_rate_allow(
    burst: int, per_second: float, pauses: list[float]
) -> None:
    time = FakeTime()
    budget = ProcessBudget(lambda _: Allowance(4, per_second, burst), time.monotonic)
    passed, told = 0, list[float]()

    for pause in pauses:
        time.sleep(pause)
        try:
            with budget.slot(ACME, 0):
                passed += 1
        except Throttled as error:
            told.append(error.seconds)

    assert all(0 < seconds <= 1 / per_second + 1e-6 for seconds in told)
    assert passed <= burst + sum(pauses) * per_second + 1e-6


def test_a_punishment_ends_by_itself() -> None:
    time = FakeTime()
    budget = ProcessBudget(clock=time.monotonic)
    budget.punish(ACME, 30)

    time.sleep(30)

    with budget.slot(ACME, 0):
        pass


def test_a_rested_tenant_is_forgotten_and_one_that_owes_something_is_not() -> None:
    time = FakeTime()
    budget = ProcessBudget(lambda _: Allowance(parallel=1, per_second=1.0, burst=1), time.monotonic)
    punished, busy = Tenant("site", "punished"), Tenant("site", "busy")

    budget.punish(punished, 1_000_000)
    with budget.slot(busy, 0):
        for number in range(MOST_ACCOUNTS + 10):
            time.sleep(1)
            with budget.slot(Tenant("site", f"typo{number}"), 0):
                pass

        for owing in (punished, busy):
            with pytest.raises(Throttled), budget.slot(owing, 0):
                pass


@pytest.mark.parametrize("wrong", [(0, 1.0, 1), (1, 0.0, 1), (1, 1.0, 0)])
def test_an_allowance_that_lets_nothing_through_can_not_be_made(wrong: tuple[int, float, int]) -> None:
    with pytest.raises(ValueError, match="let something through"):
        Allowance(*wrong)

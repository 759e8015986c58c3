"""Rules of a random history, each with its chance.

Hypothesis switches off a random part of a machine's rules in each history, often all but a few. What shows only when
several meet, as a hand edit, a lost answer and the end of a month, would hardly ever happen then. So hypothesis sees
one rule here, and that one draws among all that are possible now.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import stateful
from hypothesis import strategies as st

Told = TypeVar("Told", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Chance:
    """`weight` against the weights of the other rules; `given` are the strategies of the arguments."""

    weight: int
    given: dict[str, st.SearchStrategy[Any]]


def rule(*, weight: int = 1, **given: st.SearchStrategy[Any]) -> Callable[[Told], Told]:
    """Tell of a method that it may happen, with such arguments."""

    def mark(function: Told) -> Told:
        function.chance = Chance(weight, given)  # type: ignore[attr-defined]  # found again by `_chances`
        return function

    return mark


def precondition(holds: Callable[[Any], bool]) -> Callable[[Told], Told]:
    """Tell of a rule that it is possible only then."""

    def mark(function: Told) -> Told:
        function.holds = holds  # type: ignore[attr-defined]  # found again by `_chances`
        return function

    return mark


class MachineOfChances(stateful.RuleBasedStateMachine):
    """A stateful test whose methods are marked by `rule` and `precondition` of this module."""

    @stateful.rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        chances = [
            (function, chance)
            for function, chance in self._chances()
            if getattr(function, "holds", lambda _: True)(self)
            for _ in range(chance.weight)
        ]
        happens, chance = data.draw(st.sampled_from(chances))
        with self.watching():
            happens(self, **{name: data.draw(strategy) for name, strategy in chance.given.items()})

    def watching(self) -> AbstractContextManager[None]:
        """Stands around everything that happens; for those who want to act on how it ends."""
        return nullcontext()

    @classmethod
    def _chances(cls) -> Iterator[tuple[Callable[..., None], Chance]]:
        for machine in reversed(cls.__mro__):
            for member in vars(machine).values():
                chance = getattr(member, "chance", None)
                if isinstance(chance, Chance):
                    yield member, chance

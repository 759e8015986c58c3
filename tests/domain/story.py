"""Given facts, when something is decided, then facts or a refusal.

    given(CONNECTION, connected(), Paused()).when(resume).then(Resumed())
    given(CONNECTION).when(resume).then(NotConnected())

`then` compares everything that was decided, and folds it: what a decision yields must be foldable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Concatenate, Generic, ParamSpec, TypeVar

from domain.refusals import Refusal
from domain.streams import Aggregate

S = TypeVar("S")
F = TypeVar("F")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, F]):
    """What a decision said: the facts it yielded or the refusal it raised, and the state it was asked about."""

    aggregate: Aggregate[S, F]
    before: S
    decided: tuple[F, ...] | Refusal

    @property
    def facts(self) -> tuple[F, ...]:
        assert not isinstance(self.decided, Refusal), self.decided
        return self.decided

    @property
    def state(self) -> S:
        """The state after what was decided; the same as before when it was refused."""
        facts = () if isinstance(self.decided, Refusal) else self.decided
        return reduce(self.aggregate.evolve, facts, self.before)

    def then(self, *expected: F | Refusal) -> S:
        """The whole outcome is what was expected; returns the state that follows."""
        decided = (self.decided,) if isinstance(self.decided, Refusal) else self.decided
        assert expected == decided
        return self.state


@dataclass(frozen=True, slots=True)
class Given(Generic[S, F]):
    """A stream that holds some facts."""

    aggregate: Aggregate[S, F]
    state: S

    def when(
        self, decision: Callable[Concatenate[S, P], tuple[F, ...]], *args: P.args, **kwargs: P.kwargs
    ) -> Outcome[S, F]:
        """Decide. Everything but a refusal passes through: it would be a defect."""
        try:
            return Outcome(self.aggregate, self.state, decision(self.state, *args, **kwargs))
        except Refusal as refusal:
            return Outcome(self.aggregate, self.state, refusal)


def given(aggregate: Aggregate[S, F], *facts: F) -> Given[S, F]:
    return Given(aggregate, reduce(aggregate.evolve, facts, aggregate.initial))

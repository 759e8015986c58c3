"""What every step of the story needs: the people, the PSA, a way to wait, to compare, and to show what came of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from cli.graphql import Json, Ledger, QueryFailed
from cli.story.psa import Psa
from cli.web import NoAnswer

T = TypeVar("T")

WAIT_SECONDS = 90.0
"""Long enough for a killed worker's lease to run out and its open push to be settled; seldom needed."""
POLL_SECONDS = 0.05
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fact:
    """A recorded fact by its stored name, and in which role somebody recorded it."""

    name: str
    role: str


class NotAsExpected(Exception):
    """The system did something else than the story expects; the message is the difference."""


@dataclass(slots=True)
class Stage:
    """The story's world. `facts` collects, in order, what every step recorded, by the auditor's history."""

    msp: str
    psa: Psa
    admin: Ledger = field(repr=False)
    auditor: Ledger = field(repr=False)
    platform: Ledger = field(repr=False)
    move_clock: Callable[[datetime], datetime]
    vault_rows: Callable[[], int]
    tell: Tell
    agreements: frozenset[int] = frozenset()
    """Those the story bills to; their lines are shown after each step."""
    facts: list[Fact] = field(default_factory=list)
    cursor: str | None = None
    steps: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell what is done, do it, then tell which facts it recorded and what the PSA holds."""
        self.steps += 1
        began, known = time.monotonic(), len(self.facts)
        self.tell(f"\n{self.steps:>2}. {title}")
        yield
        self.look_at_facts()
        self.tell(f"    facts  {_counted(self.facts[known:]) or 'none'}")
        self.tell(f"    PSA    {self.holdings() or 'nothing yet'}   ({time.monotonic() - began:.1f} s)")

    def look_at_facts(self) -> list[Fact]:
        """The facts recorded since the last look, oldest first, by the history an auditor reads."""
        new: list[Fact] = []
        while True:
            page: Json = self.auditor.query(
                "query ($after: String) { history(first: 100, after: $after, order: OLDEST_FIRST)"
                " { edges { cursor node { factType actor { role } } } pageInfo { hasNextPage } } }",
                after=self.cursor,
            )["history"]
            for edge in page["edges"]:
                self.cursor = edge["cursor"]
                new.append(Fact(edge["node"]["factType"], edge["node"]["actor"]["role"]))
            if not page["pageInfo"]["hasNextPage"]:
                self.facts += new
                return new

    def holdings(self) -> str:
        """What the PSA holds on the agreements that the story bills to, as `NET-CORE-USER on 12: 15`."""
        lines = [line for line in self.psa.lines() if line.agreement in self.agreements]
        return ", ".join(f"{line.product} on {line.agreement}: {line.quantity.normalize():f}" for line in lines)

    def until(self, what: str, expected: T, look: Callable[[], T]) -> T:
        """Look until it is as expected. Raises: NotAsExpected with the last look when time runs out."""
        give_up_at = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                found: object = look()
            except (NoAnswer, QueryFailed) as error:
                found = error
            if found == expected:
                return expected
            if time.monotonic() > give_up_at:
                raise NotAsExpected(_difference(what, found, expected))
            time.sleep(POLL_SECONDS)

    def until_verified(self, agreement: int, product: str, quantity: int) -> None:
        """Wait until the PSA has exactly one addition with this quantity, and the ledger has verified it."""

        def seen() -> tuple[str, str]:
            line = self.psa.line(agreement, product)
            held = "no addition" if line is None else f"{line.quantity.normalize():f}"
            return held, self.newest_fact(agreement, product)

        expected = (str(quantity), f"addition.usage-pushed {quantity}")
        self.until(f"{product} on agreement {agreement}, and the newest fact about it", expected, seen)

    def newest_fact(self, agreement: int, product: str) -> str:
        """The newest fact of an addition by its stored name, with the quantity that was verified, if it tells one."""
        page = self.auditor.query(
            "query ($filter: HistoryFilterInput) { history(first: 1, filter: $filter) { nodes { factType payload } } }",
            filter={"agreement": agreement, "product": self.psa.product(product)["id"]},
        )["history"]
        if not page["nodes"]:
            return "none"
        [node] = page["nodes"]
        after = node["payload"].get("after")
        return node["factType"] if after is None else f"{node['factType']} {Decimal(after).normalize():f}"

    def payload_of_newest(self, fact_type: str, agreement: int, product: str) -> Json:
        """What the newest fact of a type about an addition holds."""
        page = self.auditor.query(
            "query ($filter: HistoryFilterInput) { history(first: 1, filter: $filter) { nodes { payload } } }",
            filter={"factType": fact_type, "agreement": agreement, "product": self.psa.product(product)["id"]},
        )["history"]
        payload: Json = page["nodes"][0]["payload"]
        return payload

    def until_run_is_over(self, run: str) -> Json:
        """Wait for a run's end, and hand back how it ended."""
        text = "query ($id: ID!) { run(id: $id) { status problem progress { state count } } }"

        def status() -> str:
            return str(self.admin.query(text, id=run)["run"]["status"])

        self.until(f"run {run}", "FINISHED", status)
        ended: Json = self.admin.query(text, id=run)["run"]
        expect("the run's problem", ended["problem"], None)
        return ended

    def exceptions(self) -> list[Json]:
        """What does not hold what it should, with the reason."""
        found: list[Json] = self.admin.query(
            "{ exceptions(first: 100) { nodes { problem detail cure agreement product push found target } } }"
        )["exceptions"]["nodes"]
        return found

    def refused(self, who: Ledger, name: str, given: Json, refusal: str, *, input_type: str | None = None) -> Json:
        """Ask for something that must be refused so, and see that nothing was recorded."""
        self.look_at_facts()
        found = who.answer(name, given, input_type=input_type)
        expect(f"the answer of {name}", found["__typename"], refusal)
        by_people = [fact.name for fact in self.look_at_facts() if fact.role != "WORKER"]
        expect(f"facts recorded by a refused {name}", by_people, [])
        self.tell(f"    no     {refusal}: {found['message']}")
        return found

    def not_told(self, who: Ledger, text: str, code: str) -> None:
        """Ask something that must be refused with this code."""
        try:
            found: object = who.query(text)
        except QueryFailed as error:
            found = error.code
            self.tell(f"    no     {error.code}: {error}")
        expect(f"the answer to {text}", found, code)


def expect(what: str, found: object, expected: object) -> None:
    """Raises: NotAsExpected."""
    if found != expected:
        raise NotAsExpected(_difference(what, found, expected))


def _difference(what: str, found: object, expected: object) -> str:
    return f"{what}\n      expected: {expected}\n      found:    {found}"


def _counted(facts: list[Fact]) -> str:
    """Facts in the order of their first appearance, `×3` for several."""
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.name] = counts.get(fact.name, 0) + 1
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())

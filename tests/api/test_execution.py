"""The short way for leaves answers what the library would have answered: the same values, order and errors."""

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from typing_extensions import override

from api.execution import Executing
from api.scalars import SCALARS
from domain.values import BillingMonth, Component


@strawberry.type
class Inner:
    name: str


@strawberry.type
class Line:
    id: strawberry.ID
    name: str | None
    count: int | None
    is_open: bool
    share: float
    component: Component
    amount: Decimal
    month: BillingMonth
    at: datetime
    inner: Inner | None

    @strawberry.field
    def worked_out(self) -> int:
        return 7

    @strawberry.field
    def failing(self) -> int:
        raise ValueError("worked out wrongly")

    @strawberry.field
    async def waited_for(self) -> str:
        await asyncio.sleep(0)
        return "later"


class Raising(Line):
    @property
    def name(self) -> str | None:  # stands for an attribute that can not be read
        raise ValueError("can not be read")

    @name.setter
    def name(self, value: str | None) -> None:
        pass


def line(kind: type[Line] = Line, **other: Any) -> Line:
    held: dict[str, Any] = {
        "id": "one",
        "name": "Globex",
        "count": 3,
        "is_open": True,
        "share": 0.5,
        "component": Component.SERVER,
        "amount": Decimal("12.50"),
        "month": BillingMonth(2026, 11),
        "at": datetime(2026, 11, 26, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))),
        "inner": Inner(name="within"),
    }
    return kind(**{**held, **other})


LEAVES = "id name count isOpen share component amount month at"
ALL = f"{LEAVES} inner {{ name }} workedOut waitedFor"

UNUSUAL: dict[str, Line] = {
    "nothing unusual": line(),
    "nulls": line(name=None, count=None, inner=None),
    "a null that must not be": line(amount=None),
    "a number for a text": line(name=12),
    "a text for a number": line(count="12"),
    "a number too large": line(count=2**40),
    "an object for a number": line(count=Inner(name="x")),
    "a state as its text": line(component="SERVER"),
    "a state that is none": line(component="CABLE"),
    "a yes as a number": line(count=True),
    "an instant as text": line(at="now"),
    "an exception": line(name=ValueError("held, not raised")),
    "an attribute that raises": line(Raising),
}

QUERIES = {
    "leaves": f"{{ line {{ {LEAVES} }} }}",
    "everything": f"{{ line {{ {ALL} }} }}",
    "names of its own": "{ line { a: name __typename b: count kind: __typename inner { __typename n: name } } }",
    "fragments": "{ line { ...F waitedFor ... on Line { count name } } } fragment F on Line { name inner { name } }",
    "left out": "{ line { name @skip(if: true) count @include(if: true) id @include(if: false) } }",
    "a resolver that fails between leaves": "{ line { name failing amount count } }",
    "lists": f"{{ lines {{ {ALL} }} }}",
    "the same twice": "{ line { name name } again: line { count } }",
}


def answered(query: str, shown: Line, executing: type[Executing] | None, *extensions: type[SchemaExtension]) -> Any:
    @strawberry.type
    class Query:
        @strawberry.field
        def line(self) -> Line | None:
            return shown

        @strawberry.field
        def lines(self) -> list[Line | None]:
            return [line(), shown, line()]

    schema = strawberry.Schema(
        Query,
        execution_context_class=executing,
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    result = asyncio.run(schema.execute(query))
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    return json.dumps(result.data), errors


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("shown", UNUSUAL.values(), ids=UNUSUAL)
def test_answers_are_the_library_s(query: str, shown: Line) -> None:
    assert answered(query, shown, None) == answered(query, shown, Executing)


def test_what_is_usual_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Listening(Executing):
        @override
        def execute_field(self, *arguments: Any) -> Any:
            seen.append(arguments[2][0].node.name.value)
            return super().execute_field(*arguments)

    answered(QUERIES["everything"], line(), Listening)

    assert ["line", "share", "inner", "workedOut", "waitedFor"] == seen


def test_an_extension_that_wraps_resolvers_sees_every_field() -> None:
    seen: list[str] = []

    class Wrapping(SchemaExtension):
        @override
        def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(info.field_name)
            return _next(root, info, *args, **kwargs)

    answered("{ line { id name count } }", line(at=datetime.now(UTC)), Executing, Wrapping)

    assert ["line", "id", "name", "count"] == seen

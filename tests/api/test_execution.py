"""The short ways answer what the library would have answered: the same values, order and errors."""

import asyncio
import json
from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import strawberry
from strawberry.extensions import ParserCache, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from typing_extensions import override

from api.documents import CACHED_DOCUMENTS, LONGEST_REMEMBERED
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


@strawberry.type
class Deep:
    names: list[str]
    inners: list[Inner]
    maybe: list[Inner | None] | None
    either: "Inner | Other"
    eithers: "list[Inner | Other]"
    below: "Deep | None"


@strawberry.type
class Other:
    name: str | None
    inner: Inner


class Heir(Inner):
    pass


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


def deep(**other: Any) -> Deep:
    held: dict[str, Any] = {
        "names": ["a", "b"],
        "inners": [Inner(name="first"), Inner(name="second")],
        "maybe": [Inner(name="here"), None],
        "either": Inner(name="either"),
        "eithers": [Other(name=None, inner=Inner(name="within")), Inner(name="beside")],
        "below": None,
    }
    return Deep(**{**held, **other})


def wrong(name: object) -> Any:
    return Inner(name=name)  # type: ignore[arg-type] # what a type checker would not let through


WHOLES: dict[str, Any] = {
    "nothing unusual": deep(below=deep()),
    "nothing in lists": deep(inners=[], maybe=None, eithers=()),
    "a tuple": deep(inners=(Inner(name="in a tuple"),)),
    "items made one by one": lambda: deep(inners=(Inner(name=each) for each in "ab")),
    "a null in a list that has none": deep(inners=[Inner(name="first"), None]),
    "a null deep below": deep(below=deep(below=deep(either=None))),
    "a number for a text, deep below": deep(below=deep(eithers=[Other(name="x", inner=wrong(12))])),
    "an object for a text": deep(maybe=[wrong(Inner(name="x"))]),
    "an exception in a list": deep(maybe=[ValueError("held, not raised")]),
    "an exception for an object": deep(either=ValueError("held, not raised")),
    "no member of the union": deep(either=deep()),
    "no object at all": deep(either="text"),
    "an object of a class of its own": deep(either=Heir(name="heir"), inners=[Heir(name="heir")]),
    "one object for a list": deep(inners=Inner(name="alone")),
    "a text for a list": deep(inners="text"),
}

DEEP = (
    "names inners { name } maybe { kind: __typename name } "
    "either { __typename ... on Inner { name } ... on Other { called: name inner { name } } } "
    "eithers { ...E }"
)
E = " fragment E on Other { name inner { ...I } } fragment I on Inner { name }"
DEEP_QUERIES = {
    "one below the other": f"{{ deep {{ {DEEP} below {{ {DEEP} below {{ {DEEP} }} }} }} }}{E}",
    "only one member": "{ deep { either { ... on Other { name } } eithers { ... on Inner { name } } } }",
    "asked twice, merged": "{ deep { either { ... on Inner { name } } either { ... on Other { inner { name } } } } }",
    "left out": "query ($no: Boolean = false) { deep { inners { name @include(if: $no) n: name } below { names } } }",
    "a list of them": f"{{ deeps {{ {DEEP} }} }}{E}",
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

    return told(schema_of(Query, executing, *extensions), query)


def schema_of(query: type, executing: type[Executing] | None, *extensions: type[SchemaExtension]) -> strawberry.Schema:
    return strawberry.Schema(
        query,
        execution_context_class=executing,
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def told(schema: strawberry.Schema, query: str, **variables: Any) -> Any:
    result = asyncio.run(schema.execute(query, variables))
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    return json.dumps(result.data), errors


def kept(schema: strawberry.Schema) -> strawberry.Schema:
    """Read each text once, as our own schema does."""
    schema.extensions = (ParserCache,)
    return schema


def deeply(shown: Any, executing: type[Executing] | None) -> strawberry.Schema:
    def made() -> Any:
        return shown() if callable(shown) else shown

    @strawberry.type
    class Query:
        @strawberry.field
        def deep(self) -> Deep | None:
            return made()  # type: ignore[no-any-return]

        @strawberry.field
        async def deeps(self) -> list[Deep]:
            return [deep(), made(), deep()]

    return schema_of(Query, executing)


@pytest.mark.parametrize("query", DEEP_QUERIES.values(), ids=DEEP_QUERIES)
@pytest.mark.parametrize("unusual", WHOLES)
def test_answers_about_whole_objects_are_the_library_s(query: str, unusual: str) -> None:
    shown = WHOLES[unusual]

    assert told(deeply(shown, None), query) == told(deeply(shown, Executing), query)


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


def test_whole_objects_go_the_short_way() -> None:
    seen: list[str] = []

    class Listening(Executing):
        @override
        def execute_fields(self, parent_type: Any, *arguments: Any) -> Any:
            seen.append(parent_type.name)
            return super().execute_fields(parent_type, *arguments)

    usual, unusual = deep(below=deep()), deep(below=deep(names=None))
    told(deeply(usual, Listening), DEEP_QUERIES["one below the other"])

    assert ["Query"] == seen

    told(deeply(unusual, Listening), DEEP_QUERIES["one below the other"])

    assert "Deep" in seen


def test_what_is_known_of_an_operation_is_found_out_once_however_often_it_runs() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def deep(self) -> Deep:
            return deep()

        plain: str = "held"

    class Counting(Executing):
        _known: ClassVar[OrderedDict[int, Any]] = OrderedDict()
        planned = 0

        @override
        def _planned(self, *arguments: Any) -> Any:
            type(self).planned += 1
            return super()._planned(*arguments)

    schema = kept(schema_of(Query, Counting))
    query = f"{{ plain deep {{ {DEEP} }} }}{E}"

    first = told(schema, query)
    planned = Counting.planned
    later = [told(schema, query) for _ in range(5)]

    assert [first] * 5 == later
    assert planned == Counting.planned
    [worked] = Counting._known.values()
    assert len(worked.plans) <= planned


def test_an_operation_that_depends_on_its_variables_is_worked_out_each_time() -> None:
    query = "query ($all: Boolean!) { deep { names @include(if: $all) inners { name } } }"
    schema = kept(deeply(deep(), Executing))

    short, long, again = (told(schema, query, all=every)[0] for every in (False, True, False))

    assert "names" in long
    assert short == again
    assert "names" not in short


def test_nothing_is_kept_of_a_text_that_is_too_long_to_be_remembered() -> None:
    class Keeping(Executing):
        _known: ClassVar[OrderedDict[int, Any]] = OrderedDict()

    schema = deeply(deep(), Keeping)
    query = "{ deep { names } }"

    told(schema, query + " " * LONGEST_REMEMBERED)
    assert not Keeping._known

    for _ in range(CACHED_DOCUMENTS + 5):  # each is read anew here, so each is an operation of its own
        told(schema, query)
    assert CACHED_DOCUMENTS == len(Keeping._known)


def test_members_of_an_interface_are_planned_when_they_come() -> None:
    class Counting(Executing):
        _known: ClassVar[OrderedDict[int, Any]] = OrderedDict()
        planned: ClassVar[list[str]] = []

        @override
        def _planned(self, parent_type: Any, *arguments: Any) -> Any:
            type(self).planned.append(parent_type.name)
            return super()._planned(parent_type, *arguments)

    told(deeply(deep(), Counting), DEEP_QUERIES["only one member"])

    assert ["Query", "Deep", "Inner", "Other", "Inner"] == Counting.planned

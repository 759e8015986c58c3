"""Every operation of the schema, made from the schema: a field that is added tomorrow is asked tomorrow.

Each root field becomes one document with one variable per argument, a full selection to a small depth, and plausible
values; `places` lists where another value can be put.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from api.schema import build_schema

DEEPEST = 3
Path = tuple[str | int, ...]

PLAUSIBLE: Mapping[str, Any] = {
    "ID": "globex",
    "String": "globex",
    "Int": 1,
    "Boolean": True,
    "BillingMonth": "2026-11",
    "DateTime": "2026-11-01T00:00:00Z",
    "Decimal": "1",
}
NAMED: Mapping[str, Any] = {
    "organization": "globex",
    "plan": "network-core",
    "product": 1,
    "company": 501,
    "agreement": 9001,
    "after": None,
    "digest": None,
    "siteUrl": "https://na.invalid",
    "msp": None,
    "idempotencyKey": None,
    "effectiveAt": None,
    "delta": 1,
    "quantity": None,
    "first": 2,
}
"""What stands in a field of that name; None leaves it out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in an operation's variables, and of which kind it is."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One root field as a client could ask it."""

    kind: str
    field: str
    query: str
    variables: dict[str, Any]
    places: tuple[Place, ...]

    def with_value(self, path: Path, value: Any, fresh: str | None = None) -> dict[str, Any]:
        """The variables with another value at a place, objects and lists on the way made if they are left out.

        `fresh` takes the place of a change id, so that the operation is a new one.
        """
        if fresh is not None and (at := [each.path for each in self.places if each.path[-1] == "changeId"]):
            return replace(self, variables=self.with_value(at[0], fresh)).with_value(path, value)
        changed = deepcopy(self.variables)
        inner: Any = changed
        for step, following in pairwise(path):
            if (inner.get(str(step)) if isinstance(inner, dict) else inner[int(step)]) is None:
                inner[step] = [None] if isinstance(following, int) else {}
            inner = inner[step]
        inner[path[-1]] = value
        return changed


@cache
def schema() -> GraphQLSchema:
    return build_schema(introspection=True)._schema


@cache
def operations() -> tuple[Operation, ...]:
    """Every field of Query, Mutation and Subscription."""
    roots = (("query", schema().query_type), ("mutation", schema().mutation_type))
    found = [_operation(kind, name, field) for kind, root in roots if root for name, field in root.fields.items()]
    subscription = schema().subscription_type
    assert subscription is not None
    return (*found, *(_operation("subscription", name, field) for name, field in subscription.fields.items()))


def operation(field: str) -> Operation:
    [found] = [each for each in operations() if each.field == field]
    return found


@cache
def refusals() -> frozenset[str]:
    """The types that say no."""
    refusal = schema().get_type("Refusal")
    assert isinstance(refusal, GraphQLInterfaceType)
    return frozenset(each.name for each in schema().get_possible_types(refusal))


def outcomes(answer: Any) -> Iterator[str]:
    """The type names in an answer's data that say what became of an act: of each item, where there are items."""
    match answer:
        case {"answers": list(items)} if items:
            for item in items:
                yield from outcomes(item)
        case {"outcome": {"__typename": str(name)}} | {"__typename": str(name)}:
            yield name
        case dict():
            for each in answer.values():
                yield from outcomes(each)


def _operation(kind: str, name: str, field: GraphQLField) -> Operation:
    declared = "".join(f"${argument}: {each.type} " for argument, each in field.args.items())
    given = "".join(f"{argument}: ${argument} " for argument in field.args)
    variables = {argument: _plausible(argument, each.type) for argument, each in field.args.items()}
    query = (
        f"{kind} {f'({declared})' if declared else ''} "
        f"{{ {name} {f'({given})' if given else ''} {_selection(field.type, DEEPEST)} }}"
    )
    places = tuple(each for argument, of in field.args.items() for each in _places((argument,), of.type))
    told = {argument: value for argument, value in variables.items() if value is not None}
    return Operation(kind, name, query, told, places)


def _plausible(name: str, kind: GraphQLInputType, depth: int = 0) -> Any:
    if name in NAMED:
        return NAMED[name]
    is_needed = isinstance(kind, GraphQLNonNull)
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        element = _plausible(name, inner.of_type, depth + 1)
        return [element] if is_needed and element is not None else None
    if isinstance(inner, GraphQLInputObjectType):
        if not is_needed and depth:
            return None
        fields = {each: _plausible(each, of.type, depth + 1) for each, of in inner.fields.items()}
        return {each: value for each, value in fields.items() if value is not None}
    if not is_needed:
        return None
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    return PLAUSIBLE[inner.name]


def _places(path: Path, kind: GraphQLInputType) -> Iterator[Place]:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        yield from _places((*path, 0), inner.of_type)
    elif isinstance(inner, GraphQLInputObjectType):
        for name, field in inner.fields.items():
            if len(path) < 6:
                yield from _places((*path, name), field.type)
    else:
        yield Place(path, inner.name)


def _selection(kind: Any, depth: int) -> str:
    named: GraphQLNamedType = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        members = "".join(
            f"... on {member.name} {{ {_fields(member, depth)} }} "
            for member in named.types
            if member.name not in refusals()
        )
        return f"{{ __typename ... on Refusal {{ message }} {members} }}"
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    return f"{{ {_fields(named, depth)} }}"


def _fields(kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
    """Leaves, and what lies deeper as far as allowed; lists of rows are asked once, as nodes."""
    parts = ["__typename"]
    for name, field in kind.fields.items():
        needs = any(is_required_argument(of) for of in field.args.values())
        if needs or (name == "edges" and "nodes" in kind.fields):
            continue
        if is_leaf_type(get_named_type(field.type)):
            parts.append(name)
        elif depth > 1 or name in {"outcome", "answers", "nodes"}:
            parts.append(f"{name} {_selection(field.type, depth - 1)}")
    return " ".join(parts)

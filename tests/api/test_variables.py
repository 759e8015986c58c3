"""Variables that are plainly right are read by us; what comes out is what the library would have read."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
)
from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.documents import LONGEST_REMEMBERED
from api.execution import Executing
from api.schema import build_schema as build_ours
from api.variables import variables_of

OURS = build_ours(introspection=True)._schema
PLAIN = {
    "Int": st.integers(-(2**31), 2**31 - 1),
    "ID": st.text(max_size=5),
    "String": st.text(max_size=5),
    "Boolean": st.booleans(),
    "Decimal": st.sampled_from(["12.50", "0", "-1"]),
    "BillingMonth": st.sampled_from(["2026-11", "2027-01"]),
    "DateTime": st.sampled_from(["2026-11-22T07:31:00Z", "2026-11-22T07:31:00+02:00"]),
    "JSON": st.none() | st.integers(),
}
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 1.0, 1.5, 2**31, 2**70, float("nan"), "", "A", "12.50", "2026-13", [], [None], [[]], {}, {"no": 1}]
)


def right(kind: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Values of a type, plainly written."""
    match kind:
        case GraphQLNonNull():
            return right(kind.of_type).filter(lambda value: value is not None)
        case GraphQLList():
            return st.lists(right(kind.of_type), max_size=3)
        case GraphQLEnumType():
            return st.sampled_from(sorted(kind.values))
        case GraphQLInputObjectType():
            fields = {name: right(field.type) for name, field in kind.fields.items()}
            needed = {name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
            return st.fixed_dictionaries(
                {name: each for name, each in fields.items() if name in needed},
                optional={name: each for name, each in fields.items() if name not in needed},
            )
    return PLAIN[str(kind)]


def somewhere_wrong(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The same value with anything in one place of it."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.booleans()):
            return {**value, name: somewhere_wrong(value[name], draw)}
        return {each: value[each] for each in value if each != name} | draw(st.sampled_from([{}, {"other": 1}]))
    if isinstance(value, list) and value:
        return [*value[:-1], somewhere_wrong(value[-1], draw)]
    return draw(ANYTHING)


def asking(schema: GraphQLSchema) -> list[tuple[str, GraphQLInputType]]:
    """Every argument of every field that can be asked for."""
    roots = [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root is not None]
    return [
        (f"{root.name}.{field_name}.{name}", argument.type)
        for root in roots
        for field_name, field in root.fields.items()
        for name, argument in field.args.items()
    ]


def operation_over(kind: GraphQLInputType) -> tuple[DocumentNode, OperationDefinitionNode]:
    document = parse(f"query ($value: {kind}) {{ __typename }}")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return document, operation


def shown(values: VariableValues) -> str:
    return repr((values.coerced, [(name, each.value) for name, each in values.sources.items()]))


KINDS = {str(kind): kind for _, kind in asking(OURS)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_we_read_is_what_the_library_reads(kind: GraphQLInputType, data: st.DataObject) -> None:
    _, operation = operation_over(kind)
    value = data.draw(right(kind) | st.none())
    is_plain = value is not None or not isinstance(kind, GraphQLNonNull)
    if data.draw(st.booleans()):
        value, is_plain = somewhere_wrong(value, data.draw), False
    inputs = {"value": value} if data.draw(st.integers(0, 9)) else {}
    read = variables_of(OURS, operation)
    assert read is not None

    by_library = get_variable_values(OURS, operation.variable_definitions or (), inputs)

    try:
        ours = read(inputs)
    except Exception:  # noqa: BLE001 - whatever it is, the library looks at it
        assert not is_plain or not inputs, "left to the library without need"
        return
    assert isinstance(by_library, VariableValues), f"the library refuses: {by_library}"
    assert shown(ours) == shown(by_library)


OTHER = build_schema(
    """
    type Query { a(one: One, deep: Deep, many: [[Int!]!], with: With): Int }
    input One @oneOf { a: Int b: Int }
    input Deep { deep: [Deep] a: Int }
    input With { a: Int = 7 b: [Int!] = [1, 2] c: With2 = {} d: Float }
    input With2 { e: Int! = 3 }
    """
)


CASES: list[tuple[str, dict[str, Any] | None]] = [
    ("query ($a: One) { a(one: $a) }", {"a": {"a": 1}}),
    ("query ($a: One) { a(one: $a) }", {"a": {"a": 1, "b": None}}),
    ("query ($a: Deep) { a(deep: $a) }", {"a": {"deep": [{"deep": [{"a": 1}]}, None]}}),
    ("query ($a: [[Int!]!]) { a(many: $a) }", {"a": [[1, 2], []]}),
    ("query ($a: [[Int!]!]) { a(many: $a) }", {"a": 1}),
    ("query ($a: With) { a(with: $a) }", {"a": {}}),
    ("query ($a: With) { a(with: $a) }", {"a": {"a": None, "c": {"e": 5}, "d": 1}}),
    ("query ($a: Int = 4) { __typename }", {}),
    ("query ($a: Int = 4) { __typename }", {"a": None}),
    ("query ($a: Int! = 4) { __typename }", {"a": None}),
    ("query ($a: Int) { __typename }", None),
    ("query ($a: Int!) { __typename }", None),
    ("query ($a: Int, $b: Int) { __typename }", {"b": 1, "c": 2}),
    ("query ($a: Query) { __typename }", {"a": 1}),
    ("query ($a: Nothing) { __typename }", {"a": 1}),
    ("query A ($a: Int) { __typename } query B { __typename }", {"a": 1}),
    ("{ __typename }", {"a": 1}),
]


@pytest.mark.parametrize(("query", "variables"), CASES)
def test_types_that_we_do_not_use_are_read_by_the_library_as_well(query: str, variables: dict[str, Any] | None) -> None:
    document = parse(query)
    by_library = super(Executing, Executing).build(OTHER, document, raw_variable_values=variables)
    for _ in range(2):
        ours = Executing.build(OTHER, document, raw_variable_values=variables)

        if isinstance(by_library, list):
            assert isinstance(ours, list)
            assert [str(each) for each in ours] == [str(each) for each in by_library]
        else:
            assert not isinstance(ours, list)
            assert shown(ours.variable_values) == shown(by_library.variable_values)


def test_variables_are_prepared_once_for_a_text_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = 0

    def counting(*arguments: Any) -> Any:
        nonlocal prepared
        prepared += 1
        return variables_of(*arguments)

    monkeypatch.setattr("api.execution.variables_of", counting)
    short, long = (parse(f"query ($a: Int) {{ __typename }} #{'-' * size}") for size in (1, LONGEST_REMEMBERED))
    for _ in range(3):
        for document in (short, long):
            assert not isinstance(Executing.build(OTHER, document, raw_variable_values={"a": 1}), list)

    assert prepared == 1


def test_what_is_plain_is_not_read_by_the_library_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def reading(value: object, _: object) -> object:
        read.append(value)
        return value

    monkeypatch.setattr("graphql.execution.values.coerce_input_value", reading)
    document = parse("query ($a: Int) { __typename }")
    for value in (1, 1.0):
        assert not isinstance(Executing.build(OTHER, document, raw_variable_values={"a": value}), list)

    assert [1.0] == read
    assert isinstance(read[0], float)

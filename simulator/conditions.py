"""From a condition's tree to a predicate over records.

Comparisons with an absent field are neither true nor false, as in SQL: `not (x = 5)` does not find records
without an x. Negations are therefore pushed down to the comparisons first, and each comparison says no to an
absent value. Text is compared without regard to case. Only fields outside of lists are recognised here; lists
have `childConditions`.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.condition_text import And, Comparison, Expression, Instant, Not, Or, Scalar
from simulator.errors import bad_condition, unknown_name
from simulator.shapes import INFO_FIELDS, Field, Kind, Record, Shape

Predicate = Callable[[Record], bool]
Read = Callable[[Record], Any]
Computed = Mapping[str, Read]
"""Fields that are worked out when asked for, by name."""

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d{1,15})?", re.ASCII)
WILDCARDS = re.compile(r"[%*]+")
WRONG_ENUM = "Enum value supplied was invalid"
"""Seen on a live system."""


class Names:
    """Which names a condition may use on one kind of record, and how each is read."""

    def __init__(self, shape: Shape, computed: Computed) -> None:
        self.shape = shape
        self.computed = computed
        self.by_lower_name = {name.lower(): field for name, field in shape.fields.items()}

    def find(self, path: str) -> tuple[Field, Read]:
        """The field a path ends at, and a function that reads it from a record (None where absent).

        Raises: Refused when the name is unknown or stands inside a list.
        """
        first, *rest = path.split("/")
        lower = first.lower()
        if not rest:
            for member in INFO_FIELDS:
                if lower == member.lower() and lower not in self.by_lower_name:
                    return info_field(member)
        field = self.by_lower_name.get(lower)
        if field is None or field.kind is Kind.LIST:
            raise unknown_name(path)
        if field.kind is Kind.INFO:
            for member in INFO_FIELDS:
                if rest and rest[0].lower() == member.lower() and len(rest) == 1:
                    return info_field(member)
            raise unknown_name(path)
        if not rest:
            return field, self.computed.get(field.name) or operator.methodcaller("get", field.name)
        if field.reference is None or len(rest) > 1:
            raise unknown_name(path)
        for member in field.reference.fields:
            if member.lower() == rest[0].lower():
                return reference_member(field.name, member)
        raise unknown_name(path)


def info_field(member: str) -> tuple[Field, Read]:
    kind = Kind.DATE if member in {"lastUpdated", "dateEntered"} else Kind.TEXT
    return Field(member, kind), lambda record: record["_info"].get(member)


def reference_member(name: str, member: str) -> tuple[Field, Read]:
    if member == "id":
        kind = Kind.INTEGER
    elif member.endswith("Flag"):
        kind = Kind.BOOLEAN
    elif member == "numberOfDecimals":
        kind = Kind.NUMBER
    else:
        kind = Kind.TEXT

    def read(record: Record) -> Any:
        reference = record.get(name)
        return None if reference is None else reference.get(member)

    return Field(member, kind), read


def element_names(elements: Mapping[str, Kind], prefix: str) -> Callable[[str], tuple[Field, Read]]:
    """How names are found inside the elements of a list: by `types/id`, or without the prefix when it is empty."""
    by_lower_name = {name.lower(): (name, kind) for name, kind in elements.items()}

    def find(path: str) -> tuple[Field, Read]:
        inner = path.lower()
        if prefix:
            head, _, inner = inner.partition("/")
            if head != prefix.lower():
                raise unknown_name(path)
        if inner not in by_lower_name:
            raise unknown_name(path)
        name, kind = by_lower_name[inner]
        return Field(name, kind), operator.methodcaller("get", name)

    return find


Find = Callable[[str], tuple[Field, Read]]


def predicate(expression: Expression, find: Find) -> Predicate:
    """Compile a tree.

    Raises: Refused (400, ApiFindCondition) for unknown names, wrong enum values and values that do not fit the field.
    """
    return compiled(without_negation(expression, negated=False), find)


def without_negation(expression: Expression, *, negated: bool) -> Expression:
    """The same condition with every `not` moved into its comparisons."""
    match expression:
        case Not(inner):
            return without_negation(inner, negated=not negated)
        case And(parts):
            inner_parts = tuple(without_negation(part, negated=negated) for part in parts)
            return Or(inner_parts) if negated else And(inner_parts)
        case Or(parts):
            inner_parts = tuple(without_negation(part, negated=negated) for part in parts)
            return And(inner_parts) if negated else Or(inner_parts)
        case Comparison():
            return replace(expression, negated=expression.negated != negated)


def compiled(expression: Expression, find: Find) -> Predicate:
    match expression:
        case And(parts):
            return all_of([compiled(part, find) for part in parts])
        case Or(parts):
            return any_of([compiled(part, find) for part in parts])
        case Not(inner):
            raise AssertionError(f"negation left over: {inner}")
        case Comparison():
            return comparison(expression, find)


def all_of(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        left, right = tests
        return lambda record: left(record) and right(record)
    return lambda record: all(test(record) for test in tests)


def any_of(tests: list[Predicate]) -> Predicate:
    return lambda record: any(test(record) for test in tests)


def comparison(asked: Comparison, find: Find) -> Predicate:
    field, read = find(asked.field)
    match asked.operator, asked.value:
        case "in", tuple(values):
            return membership(field, read, values, asked.negated)
        case ("contains" | "like") as word, str(text) if field.kind is Kind.TEXT:
            return text_test(read, word, text, asked.negated)
        case (("contains" | "like"), _):
            raise bad_condition(f"'{asked.operator}' can not be used on {asked.field}.")
        case sign, (str() | int() | float() | bool() | Instant() | None) as value:
            return ordered(field, read, OPPOSITE[sign] if asked.negated else sign, value)
    raise bad_condition(f"A list of values is not expected for {asked.field}.")


def ordered(field: Field, read: Read, sign: str, value: Scalar) -> Predicate:
    if value is None:
        if sign == "=":
            return lambda record: read(record) is None
        if sign == "!=":
            return lambda record: read(record) is not None
        raise bad_condition(f"null can only be compared with = and !=, not with {sign}.")
    wanted = comparable(field, value)
    if field.kind in {Kind.BOOLEAN, Kind.ENUM} and sign not in {"=", "!="}:
        raise bad_condition(f"'{sign}' can not be used on {field.name}.")
    compare = ORDER[sign]
    if field.kind in {Kind.TEXT, Kind.ENUM}:

        def text_holds(record: Record) -> bool:
            found = read(record)
            return found is not None and compare(str(found).casefold(), wanted)

        return text_holds

    def holds(record: Record) -> bool:
        found = read(record)
        return found is not None and compare(found, wanted)

    return holds


def membership(field: Field, read: Read, values: tuple[Scalar, ...], negated: bool) -> Predicate:
    has_null = None in values
    wanted = {comparable(field, value) for value in values if value is not None}
    fold = field.kind in {Kind.TEXT, Kind.ENUM}

    def holds(record: Record) -> bool:
        found = read(record)
        if found is None:
            return has_null and not negated
        return ((str(found).casefold() if fold else found) in wanted) != negated

    return holds


def text_test(read: Read, word: str, text: str, negated: bool) -> Predicate:
    wanted = text.casefold()
    matches = like(["", wanted, ""] if word == "contains" else WILDCARDS.split(wanted))

    def holds(record: Record) -> bool:
        found = read(record)
        return found is not None and matches(str(found).casefold()) != negated

    return holds


def like(parts: list[str]) -> Callable[[str], bool]:
    """Match the parts between wildcards one after the other, each at its first place; never goes back."""
    if len(parts) == 1:
        return lambda text: text == parts[0]
    first, *middle, last = parts

    def matches(text: str) -> bool:
        position, end = len(first), len(text) - len(last)
        if end < position or not text.startswith(first) or not text.endswith(last):
            return False
        for part in middle:
            found = text.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    return matches


def comparable(field: Field, value: Scalar) -> Any:
    """A literal in the form in which the field's values are compared.

    Raises: Refused when the literal does not fit the field.
    """
    match field.kind, value:
        case ((Kind.NUMBER | Kind.INTEGER), bool()):
            pass
        case ((Kind.NUMBER | Kind.INTEGER), (int() | float() as number)):
            return number
        case ((Kind.NUMBER | Kind.INTEGER), str(text)):
            if NUMBER.fullmatch(text.strip()) is None:
                raise bad_condition(f"'{text[:40]}' is not a number, as {field.name} expects.")
            return float(text)
        case Kind.BOOLEAN, bool(flag):
            return flag
        case Kind.BOOLEAN, str(text) if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case Kind.DATE, Instant(text):
            return text
        case Kind.TEXT, bool():
            pass
        case Kind.TEXT, (str() | int() | float() as text):
            return str(text).casefold()
        case Kind.ENUM, str(text):
            if text.lower() not in {option.lower() for option in field.options}:
                raise bad_condition(WRONG_ENUM)
            return text.casefold()
        case Kind.ENUM, _:
            raise bad_condition(WRONG_ENUM)
    raise bad_condition(f"The value for {field.name} has the wrong type.")

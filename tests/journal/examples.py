"""Examples of any fact, drawn from its type hints: one fixed example for golden files, many for property tests."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from domain.values import BillingMonth

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
DECIMALS = st.decimals(Decimal("-1e12"), Decimal("1e12"), allow_nan=False, allow_infinity=False, places=None)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

_STRATEGIES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Decimal: DECIMALS,
    UUID: st.uuids(),
    datetime: INSTANTS,
    date: st.dates(),
    BillingMonth: st.builds(BillingMonth, st.integers(2000, 9998), st.integers(1, 12)),
}

_EXAMPLES: dict[Any, Any] = {
    int: 7,
    bool: True,
    Decimal: Decimal("12.50"),
    UUID: UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    datetime: datetime(2026, 11, 22, 7, 31, 0, 123456, tzinfo=UTC),
    date: date(2026, 11, 22),
    BillingMonth: BillingMonth(2026, 11),
}


def strategy_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that fits the type."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    if hint in _STRATEGIES:
        return _STRATEGIES[hint]
    arguments = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([st.none() if a is type(None) else strategy_of(a) for a in arguments])
    if get_origin(hint) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(strategy_of(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(strategy_of, arguments))
    if get_origin(hint) is Mapping:
        return st.dictionaries(strategy_of(arguments[0]), strategy_of(arguments[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    assert is_dataclass(hint), hint
    assert isinstance(hint, type)
    hints = get_type_hints(hint)
    return st.builds(hint, **{f.name: strategy_of(hints[f.name]) for f in fields(hint)})


def example_of(hint: Any, name: str = "") -> Any:
    """The one value that golden files hold; optional fields are given, texts say their field's name."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    if hint is str:
        return name
    if hint in _EXAMPLES:
        return _EXAMPLES[hint]
    arguments = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return example_of(next(a for a in arguments if a is not type(None)), name)
    if get_origin(hint) is tuple:
        members = arguments[:1] if arguments[-1] is Ellipsis else arguments
        return tuple(example_of(member, name) for member in members)
    if get_origin(hint) is Mapping:
        return {example_of(arguments[0], "key"): example_of(arguments[1], name)}
    if issubclass(hint, StrEnum):
        return next(iter(hint))
    hints = get_type_hints(hint)
    return hint(**{f.name: example_of(hints[f.name], f.name) for f in fields(hint)})

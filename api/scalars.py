"""Scalars and enums of the schema: exact numbers, billing months and instants, each with one written form."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import strawberry

from api.errors import Refused
from domain.addition import Answer, HoldReason, LineOutcome, Problem, PushKind
from domain.connection import AttentionReason, Status
from domain.organization import Given
from domain.refusals import InvalidInput
from domain.run import LineAction, RunKind, RunStatus
from domain.values import BillingMonth, Component, DriftPolicy, LeftBehind, LicenseType, Management, Rule
from journal.entry import Role

LARGEST = Decimal(10) ** 15
JSON_SCALAR = strawberry.scalar(
    name="JSON", description="Any JSON value.", serialize=lambda value: value, parse_value=lambda value: value
)


class Json:
    """Stands for the scalar `JSON` in annotations; values are plain dicts and lists."""


def parse_decimal(value: object) -> Decimal:
    """Raises: Refused(InvalidInput) for anything that is no finite number of at most 15 digits before the point."""
    if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= 40:
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and number.copy_abs() < LARGEST and number.as_tuple().exponent >= -10:  # type: ignore[operator]  # finite: a number
            return number
    raise Refused(InvalidInput("Decimal", 'a number written as text, for example "12.50"'))


def parse_month(value: object) -> BillingMonth:
    """Raises: Refused(InvalidInput)."""
    try:
        return BillingMonth.parse(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Refused(InvalidInput("BillingMonth", str(error))) from error


def parse_instant(value: object) -> datetime:
    """An instant with its zone. Raises: Refused(InvalidInput) also for one without, which could mean any hour."""
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) and len(value) <= 40 else "")
        if instant.utcoffset() is None or len(str(value)) <= 10:
            raise ValueError
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = "an ISO 8601 instant with its zone, for example 2026-11-22T07:31:00Z"
        raise Refused(InvalidInput("DateTime", reason)) from error


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


SCALARS: dict[object, Any] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact number, written as text.",
        serialize=lambda value: format(value, "f"),
        parse_value=parse_decimal,
    ),
    BillingMonth: strawberry.scalar(
        name="BillingMonth",
        description="A calendar month in UTC, written YYYY-MM.",
        serialize=str,
        parse_value=parse_month,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An ISO 8601 instant with its zone; answers are in UTC.",
        serialize=instant_text,
        parse_value=parse_instant,
    ),
    Json: JSON_SCALAR,
}

HELD_AS: dict[str, type] = {
    "ID": str,
    "String": str,
    "Boolean": bool,
    "Int": int,
    "Decimal": Decimal,
    "BillingMonth": BillingMonth,
    "DateTime": datetime,
}
"""What fields of a scalar hold, as a rule, before they are written into an answer."""

NAMES: dict[type[Any], str] = {
    Status: "ConnectionStatus",
    Answer: "HoldAnswer",
}

for _enum in (
    Answer,
    AttentionReason,
    Component,
    DriftPolicy,
    Given,
    HoldReason,
    LeftBehind,
    LicenseType,
    LineAction,
    LineOutcome,
    Management,
    Problem,
    PushKind,
    Role,
    Rule,
    RunKind,
    RunStatus,
    Status,
):
    strawberry.enum(_enum, name=NAMES.get(_enum))

"""The usage of closed months, in its newest version, and every correction: per organization and product or component.

An item is `product:<id>` where its components had a product at the close, else `<plan>:<component>`: usage that nobody
bills.
"""

from collections.abc import Sequence
from typing import Any

import psycopg

from domain.organization import (
    ClosedItem,
    ClosedProduct,
    MonthClosed,
    OrganizationFact,
    UsageCorrected,
)
from domain.streams import StreamKind
from domain.values import BillingMonth, MspId
from journal.migrate import Step
from projections.rows import Row, delete, insert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.month_end.0001",
        """
        CREATE TABLE month_usage (
          msp text NOT NULL,
          month text NOT NULL,
          organization text NOT NULL,
          item text NOT NULL,
          version int NOT NULL,
          agreement bigint,
          product bigint,
          plan text,
          component text,
          quantity numeric NOT NULL,
          rule text,
          minimum int,
          recorded_at timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, month, organization, item)
        );
        CREATE INDEX month_usage_agreement ON month_usage (msp, month, agreement, product) WHERE agreement IS NOT NULL;

        CREATE TABLE usage_corrections (
          msp text NOT NULL,
          month text NOT NULL,
          organization text NOT NULL,
          item text NOT NULL,
          version int NOT NULL,
          agreement bigint,
          product bigint,
          plan text,
          component text,
          old_quantity numeric,
          quantity numeric,
          cause text NOT NULL,
          recorded_at timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, month, organization, item, version)
        );
        COMMENT ON TABLE usage_corrections IS 'What late changes did to closed months: items whose quantity moved.';
        """,
    ),
)


class MonthEnd:
    """The views `month_usage` and `usage_corrections`."""

    name = "month_end"
    version = 1
    steps = STEPS
    tables = ("month_usage", "usage_corrections")

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, BillingMonth, str], list[Row]] = {}
        self._corrections: list[Row] = []

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is not StreamKind.ORGANIZATION:
            return
        fact: OrganizationFact = seen.entry.fact
        match fact:
            case MonthClosed() | UsageCorrected():
                organization = seen.entry.stream.key[0]
                self._last[(seen.entry.msp, fact.month, organization)] = _rows(organization, fact, seen)
                if isinstance(fact, UsageCorrected):
                    self._corrections.extend(_corrections(organization, fact, seen))
            case _:
                return

    def write(self, connection: psycopg.Connection[Any]) -> None:
        replaced = [
            {"msp": msp, "month": month, "organization": organization} for msp, month, organization in self._last
        ]
        delete(connection, "month_usage", replaced)
        insert(connection, "month_usage", [row for rows in self._last.values() for row in rows])
        insert(connection, "usage_corrections", self._corrections)
        self._last.clear()
        self._corrections.clear()


def _rows(organization: str, fact: MonthClosed | UsageCorrected, seen: Seen) -> list[Row]:
    common: dict[str, object] = {
        "msp": seen.entry.msp,
        "month": fact.month,
        "organization": organization,
        "version": fact.version,
        "agreement": fact.agreement,
        "recorded_at": seen.entry.recorded_at,
        "position": seen.entry.position,
    }
    products: list[Row] = [
        {**common, **_item(closed), "quantity": closed.quantity, "rule": closed.rule, "minimum": closed.minimum}
        for closed in fact.products
    ]
    items: list[Row] = [
        {**common, **_item(closed), "quantity": closed.quantity, "rule": None, "minimum": None}
        for closed in fact.without_product
    ]
    return products + items


def _corrections(organization: str, fact: UsageCorrected, seen: Seen) -> list[Row]:
    """Only what moved; an item that came or went has no old or no new quantity."""
    old = _by_item((*fact.old_products, *fact.old_without_product))
    new = _by_item((*fact.products, *fact.without_product))
    rows: list[Row] = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        closed = after or before
        assert closed is not None
        if before is not None and after is not None and before.quantity == after.quantity:
            continue
        rows.append(
            {
                "msp": seen.entry.msp,
                "month": fact.month,
                "organization": organization,
                **_item(closed),
                "version": fact.version,
                "agreement": fact.agreement,
                "old_quantity": before.quantity if before is not None else None,
                "quantity": after.quantity if after is not None else None,
                "cause": fact.cause,
                "recorded_at": seen.entry.recorded_at,
                "position": seen.entry.position,
            }
        )
    return rows


def _by_item(all_closed: Sequence[ClosedProduct | ClosedItem]) -> dict[str, ClosedProduct | ClosedItem]:
    return {str(_item(closed)["item"]): closed for closed in all_closed}


def _item(closed: ClosedProduct | ClosedItem) -> dict[str, object]:
    match closed:
        case ClosedProduct():
            return {"item": f"product:{closed.product}", "product": closed.product, "plan": None, "component": None}
        case ClosedItem():
            name = f"{closed.plan}:{closed.component}"
            return {"item": name, "product": None, "plan": closed.plan, "component": closed.component}

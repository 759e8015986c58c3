"""The usage of closed months, in its newest version, and every correction: per organization and product or component.

An item is `product:<id>` where its components had a product at the close, else `<plan>:<component>`: usage that nobody
bills.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from domain.addition import AdditionState, PushKind, PushStarted, UsagePushed
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
from projections.rows import Row, delete, insert, upsert
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
        CREATE TABLE month_pushes (
          msp text NOT NULL,
          site text NOT NULL,
          company_id text NOT NULL,
          agreement bigint NOT NULL,
          product bigint NOT NULL,
          month text NOT NULL,
          kind text NOT NULL,
          push text NOT NULL,
          target numeric NOT NULL,
          verified_at timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, month, site, company_id, agreement, product)
        );
        COMMENT ON TABLE month_pushes IS 'The newest verified write of a closed month to each addition.';
        COMMENT ON TABLE usage_corrections IS 'What late changes did to closed months: items whose quantity moved.';
        """,
    ),
)


class MonthEnd:
    """The views `month_usage`, `usage_corrections` and `month_pushes`."""

    name = "month_end"
    version = 1
    steps = STEPS
    tables = ("month_usage", "usage_corrections", "month_pushes")
    kinds = frozenset({StreamKind.ADDITION, StreamKind.ORGANIZATION})

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, BillingMonth, str], list[Row]] = {}
        self._corrections: list[Row] = []
        self._pushes: dict[tuple[UUID, BillingMonth], Row] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is StreamKind.ADDITION:
            self._see_push(seen)
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

    def _see_push(self, seen: Seen) -> None:
        before: AdditionState = seen.before
        started = before.open
        if not isinstance(seen.entry.fact, UsagePushed) or started is None:
            return
        is_over = started.month < BillingMonth.of(seen.entry.recorded_at)
        if started.kind is PushKind.FINAL or (started.kind is PushKind.OVERWRITE and is_over):
            self._pushes[(seen.stream_id, started.month)] = _push(started, seen)

    def write(self, connection: psycopg.Connection[Any]) -> None:
        replaced = [
            {"msp": msp, "month": month, "organization": organization} for msp, month, organization in self._last
        ]
        delete(connection, "month_usage", replaced)
        insert(connection, "month_usage", [row for rows in self._last.values() for row in rows])
        insert(connection, "usage_corrections", self._corrections)
        upsert(connection, "month_pushes", _PUSH_KEY, list(self._pushes.values()))
        self._last.clear()
        self._corrections.clear()
        self._pushes.clear()


_PUSH_KEY = ("msp", "month", "site", "company_id", "agreement", "product")


def _push(started: PushStarted, seen: Seen) -> Row:
    site, company_id, agreement, product = seen.entry.stream.key
    return {
        "msp": seen.entry.msp,
        "site": site,
        "company_id": company_id,
        "agreement": int(agreement),
        "product": int(product),
        "month": started.month,
        "kind": started.kind,
        "push": started.push,
        "target": started.target,
        "verified_at": seen.entry.recorded_at,
        "position": seen.entry.position,
    }


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

"""The usage of closed months, in its newest version: what each organization closed with, per product or component.

An item is `product:<id>` where its components had a product at the close, else `<plan>:<component>`: usage that nobody
bills.
"""

from typing import Any, assert_never

import psycopg

from domain.organization import (
    LicensesChanged,
    LicenseTypeChanged,
    ManagementChanged,
    MonthClosed,
    OrganizationClosed,
    OrganizationCreated,
    OrganizationFact,
    OrganizationRenamed,
    PlanChanged,
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
          is_corrected bool NOT NULL,
          recorded_at timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, month, organization, item)
        );
        CREATE INDEX month_usage_agreement ON month_usage (msp, month, agreement, product) WHERE agreement IS NOT NULL;
        """,
    ),
)


class MonthEnd:
    """The view `month_usage`."""

    name = "month_end"
    version = 1
    steps = STEPS
    tables = ("month_usage",)

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, BillingMonth, str], list[Row]] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is not StreamKind.ORGANIZATION:
            return
        fact: OrganizationFact = seen.entry.fact
        match fact:
            case MonthClosed() | UsageCorrected():
                organization = seen.entry.stream.key[0]
                self._last[(seen.entry.msp, fact.month, organization)] = _rows(organization, fact, seen)
            case (
                OrganizationCreated()
                | OrganizationRenamed()
                | ManagementChanged()
                | PlanChanged()
                | LicenseTypeChanged()
                | LicensesChanged()
                | OrganizationClosed()
            ):
                return
            case _:
                assert_never(fact)

    def write(self, connection: psycopg.Connection[Any]) -> None:
        replaced = [
            {"msp": msp, "month": month, "organization": organization} for msp, month, organization in self._last
        ]
        delete(connection, "month_usage", replaced)
        insert(connection, "month_usage", [row for rows in self._last.values() for row in rows])
        self._last.clear()


def _rows(organization: str, fact: MonthClosed | UsageCorrected, seen: Seen) -> list[Row]:
    common: dict[str, object] = {
        "msp": seen.entry.msp,
        "month": fact.month,
        "organization": organization,
        "version": fact.version,
        "agreement": fact.agreement,
        "is_corrected": isinstance(fact, UsageCorrected),
        "recorded_at": seen.entry.recorded_at,
        "position": seen.entry.position,
    }
    products: list[Row] = [
        {
            **common,
            "item": f"product:{closed.product}",
            "product": closed.product,
            "plan": None,
            "component": None,
            "quantity": closed.quantity,
            "rule": closed.rule,
            "minimum": closed.minimum,
        }
        for closed in fact.products
    ]
    items: list[Row] = [
        {
            **common,
            "item": f"{closed.plan}:{closed.component}",
            "product": None,
            "plan": closed.plan,
            "component": closed.component,
            "quantity": closed.quantity,
            "rule": None,
            "minimum": None,
        }
        for closed in fact.without_product
    ]
    return products + items

"""Which PSA product each plan component of an MSP is billed as, with the product's rule and minimum.

Only the live connection's mappings are here; disconnecting empties them.
"""

from typing import Any

import psycopg

from domain.connection import ConnectionState, ProductRule
from domain.streams import StreamKind
from domain.values import MspId
from journal.migrate import Step
from projections.rows import delete, insert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.product_mappings.0001",
        """
        CREATE TABLE product_mappings (
          msp text NOT NULL,
          plan text NOT NULL,
          component text NOT NULL,
          product bigint NOT NULL,
          identifier text NOT NULL,
          description text NOT NULL,
          rule text NOT NULL,
          minimum int NOT NULL,
          PRIMARY KEY (msp, plan, component)
        );
        CREATE INDEX product_mappings_product ON product_mappings (msp, product);
        """,
    ),
)


class ProductMappings:
    """The view `product_mappings`."""

    name = "product_mappings"
    version = 1
    steps = STEPS
    tables = ("product_mappings",)
    kinds = frozenset({StreamKind.CONNECTION})

    def __init__(self) -> None:
        self._last: dict[MspId, ConnectionState] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is StreamKind.CONNECTION:
            before: ConnectionState = seen.before
            after: ConnectionState = seen.after
            if (before.products, before.rules) != (after.products, after.rules):
                self._last[seen.entry.msp] = after

    def write(self, connection: psycopg.Connection[Any]) -> None:
        delete(connection, "product_mappings", [{"msp": msp} for msp in self._last])
        insert(
            connection,
            "product_mappings",
            [
                {
                    "msp": msp,
                    "plan": item.plan,
                    "component": item.component,
                    "product": mapped.product,
                    "identifier": mapped.identifier,
                    "description": mapped.description,
                    "rule": rule.rule,
                    "minimum": rule.minimum,
                }
                for msp, state in self._last.items()
                for item, mapped in sorted(state.products.items())
                for rule in (state.rules.get(mapped.product, ProductRule()),)
            ],
        )
        self._last.clear()

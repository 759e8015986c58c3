"""What every organization is now, and how many units of each component count and are billed.

"Now" is the last standing known by the facts: a change may be effective up to five minutes ahead, and is shown at
once. Rules and months play no role here; `domain.quantity_rules` turns the timeline into the number of a month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from domain.organization import OrganizationState, PlanChanged, Standing, standings
from domain.streams import StreamKind
from domain.values import Component, MspId, PlanComponent
from journal.migrate import Step
from projections.names import name_key
from projections.rows import Row, as_json, upsert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.usage_to_date.0001",
        """
        CREATE TABLE organizations (
          msp text NOT NULL,
          organization text NOT NULL,
          name text NOT NULL,
          name_key text NOT NULL,
          line text NOT NULL,
          plan text NOT NULL,
          license_type text NOT NULL,
          management text NOT NULL,
          is_closed bool NOT NULL,
          licenses int,
          servers int,
          version int NOT NULL,
          position bigint NOT NULL,
          created_at timestamptz NOT NULL,
          changed_at timestamptz NOT NULL,
          PRIMARY KEY (msp, organization)
        );
        COMMENT ON COLUMN organizations.created_at IS 'From when on it is in effect; nothing is effective earlier.';
        CREATE INDEX organizations_name_key ON organizations (msp, name_key text_pattern_ops);
        CREATE INDEX organizations_name ON organizations (msp, name, organization);

        CREATE TABLE usage_to_date (
          msp text NOT NULL,
          organization text NOT NULL,
          plan text NOT NULL,
          component text NOT NULL,
          counted int NOT NULL,
          billed int NOT NULL,
          since timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, organization, plan, component)
        );
        COMMENT ON COLUMN usage_to_date.since IS 'From when on both quantities are in force as they are.';
        """,
    ),
)


class UsageToDate:
    """The views `organizations` and `usage_to_date`."""

    name = "usage_to_date"
    version = 1
    steps = STEPS
    tables = ("organizations", "usage_to_date")
    kinds = frozenset({StreamKind.ORGANIZATION})

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, str], Seen] = {}
        self._replanned: set[tuple[MspId, str]] = set()
        """Which may have lost a plan: a late change of plan can take away one that, as we now know, never lasted."""

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is StreamKind.ORGANIZATION:
            organization = seen.entry.msp, seen.entry.stream.key[0]
            self._last[organization] = seen
            if isinstance(seen.entry.fact, PlanChanged):
                self._replanned.add(organization)

    def write(self, connection: psycopg.Connection[Any]) -> None:
        organizations: list[Row] = []
        usage: list[Row] = []
        for (msp, organization), seen in self._last.items():
            state: OrganizationState = seen.after
            found = standings(state)
            organizations.append(_organization(organization, seen, found[-1]))
            usage.extend(
                {
                    "msp": msp,
                    "organization": organization,
                    "plan": item.plan,
                    "component": item.component,
                    "counted": in_force.counted,
                    "billed": in_force.billed,
                    "since": in_force.since,
                    "position": seen.entry.position,
                }
                for item, in_force in quantities_in_force(found).items()
            )
        upsert(connection, "organizations", ("msp", "organization"), organizations)
        upsert(connection, "usage_to_date", ("msp", "organization", "plan", "component"), usage)
        if self._replanned:
            replanned = [row for row in organizations if (row["msp"], row["organization"]) in self._replanned]
            connection.execute(_DELETE_WHAT_NEVER_LASTED, (as_json(replanned),))
        self._last.clear()
        self._replanned.clear()


_DELETE_WHAT_NEVER_LASTED = """
DELETE FROM usage_to_date u USING json_populate_recordset(NULL::organizations, %s::json) AS o
 WHERE u.msp = o.msp AND u.organization = o.organization AND u.position < o.position
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """Units counted, units billed, and from when on both are so."""

    counted: int
    billed: int
    since: datetime


def quantities_in_force(found: Sequence[Standing]) -> dict[PlanComponent, InForce]:
    """What the last standing holds of each component of each plan that the organization ever had.

    Shape: in the order in which they were first had; a component that the last plan lacks is at 0.
    """
    if all(standing.plan == found[-1].plan and standing.components == found[-1].components for standing in found):
        return {item: _in_force(item.component, found) for item in _items(found[-1])}
    known: dict[PlanComponent, InForce] = {}
    for standing in found:
        here = {
            PlanComponent(standing.plan, component): (quantity, quantity if standing.is_billed else 0)
            for component, quantity in standing.quantities.items()
        }
        for item in (*known, *(item for item in here if item not in known)):
            counted, billed = here.get(item, (0, 0))
            earlier = known.get(item)
            if earlier is None or (earlier.counted, earlier.billed) != (counted, billed):
                known[item] = InForce(counted, billed, standing.at)
    return known


def _items(standing: Standing) -> list[PlanComponent]:
    return [PlanComponent(standing.plan, component) for component in standing.quantities]


def _in_force(component: Component, found: Sequence[Standing]) -> InForce:
    """As long as one plan was all there ever was: back from the last standing to where both quantities began."""
    last = found[-1]
    counted, is_billed = last.quantities[component], last.is_billed
    since = last.at
    for standing in reversed(found):
        if standing.quantities[component] != counted or (counted and standing.is_billed != is_billed):
            break
        since = standing.at
    return InForce(counted, counted if is_billed else 0, since)


def _organization(organization: str, seen: Seen, last: Standing) -> Row:
    state: OrganizationState = seen.after
    return {
        "msp": seen.entry.msp,
        "organization": organization,
        "name": state.name,
        "name_key": name_key(state.name),
        "line": last.line,
        "plan": last.plan,
        "license_type": last.license_type,
        "management": last.management,
        "is_closed": last.is_closed,
        "licenses": last.quantities.get(Component.LICENSE),
        "servers": last.quantities.get(Component.SERVER),
        "version": seen.entry.version,
        "position": seen.entry.position,
        "created_at": state.changes[0].at,
        "changed_at": seen.entry.recorded_at,
    }

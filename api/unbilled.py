"""What is in use now and billed nowhere, with its size: organizations without a mapping, and those excluded."""

from enum import StrEnum

import strawberry

from api.context import Info
from api.fields import READERS, query
from domain.values import Component
from projections.reads import organizations as rows


@strawberry.enum(description="Why usage is billed nowhere: nobody mapped it yet, or it is excluded for a reason.")
class Unbilled(StrEnum):
    UNMAPPED = "UNMAPPED"
    EXCLUDED = "EXCLUDED"


@strawberry.type(
    description="`units` are billable units in force now, of so many organizations; TRIAL and NFR count 0."
)
class UnbilledUsageNow:
    state: Unbilled
    plan: strawberry.ID
    component: Component
    organizations: int
    units: int


@strawberry.type
class UnbilledQueries:
    @query(READERS, "Billable units of organizations that bill nowhere, by plan and component. `monthEnd` has months.")
    async def unbilled_usage(self, info: Info, msp: strawberry.ID | None = None) -> list[UnbilledUsageNow]:
        known = await info.context.known_msp(msp)
        return [
            UnbilledUsageNow(
                state=Unbilled(row.state),
                plan=strawberry.ID(row.plan),
                component=Component(row.component),
                organizations=row.organizations,
                units=row.units,
            )
            for row in await rows.unbilled_now(info.context.views, known)
        ]

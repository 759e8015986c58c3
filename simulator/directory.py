"""All tenants of one simulator process, found by login company id, and what holds before a tenant is known."""

from dataclasses import dataclass, field
from datetime import datetime

from simulator.clock import Now, TenantClock
from simulator.switches import Switches
from simulator.tenant import Tenant


@dataclass(slots=True)
class Directory:
    """`tenants` is keyed by the company id in lower case; `switches` answer callers whose tenant is unknown."""

    now: Now
    tenants: dict[str, Tenant] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    unknown_company: int = 200
    """Answer of companyinfo to an unknown company: 200 with null, or 404."""

    def find(self, company_id: str) -> Tenant | None:
        return self.tenants.get(company_id.lower())

    def add(self, tenant: Tenant) -> None:
        self.tenants[tenant.company_id.lower()] = tenant

    def remove(self, company_id: str) -> None:
        del self.tenants[company_id.lower()]

    def clock(self, standing_at: datetime | None = None) -> TenantClock:
        return TenantClock(self.now, standing_at=standing_at)

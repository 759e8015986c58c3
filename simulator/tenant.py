"""One MSP's ConnectWise: its login, its keys and roles, its records, its time, its faults and what was asked of it."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import TenantClock, instant_text
from simulator.faults import Fault
from simulator.rights import Role
from simulator.store import Tables
from simulator.switches import Switches

ROUTER_CODEBASE = "v4_6_release"
"""Works on every tenant, whatever version it runs; the only codebase on premise."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key pair of an API member. The private key never appears in a repr or a log."""

    public: str
    private: str = field(repr=False)
    member: str
    role: str


@dataclass(slots=True)
class Traffic:
    """What was asked of a tenant: counters and the last requests, without any secret."""

    requests: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    writes: int = 0
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=1000))
    recent: deque[float] = field(default_factory=deque)
    """Arrival times of the last minute, for the request limit."""
    in_flight: int = 0
    most_in_flight: int = 0
    """Requests being answered now, and the most there were at one time."""

    def arrived(self, request: str) -> None:
        self.requests[request] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def start_anew(self) -> None:
        """Forget what was counted; requests that are being answered stay in flight."""
        self.requests.clear()
        self.answers.clear()
        self.log.clear()
        self.writes, self.most_in_flight = 0, self.in_flight


@dataclass(slots=True)
class Invoice:
    """One invoice made by the invoice run: of an agreement and, with it, of its child agreements."""

    id: int
    month: str
    agreement_id: int
    company_id: int
    made_at: str
    lines: list[dict[str, Any]]
    total: str
    at_once: bool = False
    """Made when an addition was added in a period already invoiced, not by a run."""


@dataclass(slots=True)
class Run:
    """What the invoice run of a month moved, as it was before, so that it can be taken back."""

    next_dates: dict[int, str | None] = field(default_factory=dict)
    """Per agreement invoiced in the month, with a line or without: its next invoice date."""
    covered: dict[int, str | None] = field(default_factory=dict)
    """Per addition billed: the first day that no invoice covered."""


@dataclass(slots=True)
class Tenant:
    company_id: str
    company_name: str
    clock: TenantClock
    codebase: str
    version: str
    is_cloud: bool = True
    keys: dict[str, ApiKey] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    tables: Tables = field(default_factory=Tables)
    custom_fields: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Custom fields that the MSP has set up, by table: id, caption, type, entryMethod, numberOfDecimals."""
    faults: list[Fault] = field(default_factory=list)
    faults_made: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    invoices: list[Invoice] = field(default_factory=list)
    billed_until: dict[int, str] = field(default_factory=dict)
    """Per addition: the first day that no invoice covers yet."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Invoice runs by month, as `2026-11`."""
    listed_from: dict[int, float] = field(default_factory=dict)
    """Per new addition: the monotonic time from which lists show it."""

    def stamp(self) -> str:
        return instant_text(self.clock.now())

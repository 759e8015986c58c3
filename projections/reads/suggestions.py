"""Which companies the unmapped organizations of an MSP may be, worked out once for as long as nothing changes it."""

from asyncio import Lock
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.values import MspId
from projections.reads.ask import Views
from projections.suggestions import Named, Suggestion, suggest

MSPS_KEPT = 50
CHANGED_BY = (
    "connection.connected",
    "connection.disconnected",
    "connection.companies-imported",
    "organization.organization-created",
    "organization.organization-renamed",
    "organization.management-changed",
    "organization.organization-closed",
    "company-mapping.company-mapped",
    "company-mapping.company-unmapped",
    "company-mapping.organization-excluded",
    "company-mapping.organization-included",
)
"""Facts that move names, or what is still to be mapped. An import's rows are complete with its fact."""

Place = tuple[str, str, int]
"""Where a suggestion stands in the list: name and id of its organization, and its number there, the best first."""


class InThread(Protocol):
    """Runs what keeps a processor busy, away from the event loop."""

    async def __call__(self, work: Callable[..., Any], *arguments: object) -> Any: ...


@dataclass(frozen=True, slots=True)
class Placed:
    place: Place
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class _Known:
    connection_number: int
    changed_at: int
    placed: tuple[Placed, ...]


@dataclass(slots=True)
class KeptSuggestions:
    """The suggestions of the MSPs that asked last. Belongs to one event loop."""

    _known: OrderedDict[MspId, _Known] = field(default_factory=OrderedDict)
    _working: dict[MspId, Lock] = field(default_factory=dict)

    async def of(self, views: Views, msp: MspId, connection_number: int, in_thread: InThread) -> tuple[Placed, ...]:
        """Shape: by place. Whoever asks while they are worked out waits for the same answer."""
        async with self._working.setdefault(msp, Lock()):
            changed_at = await _changed_at(views, msp)
            known = self._known.get(msp)
            if known is None or (known.connection_number, known.changed_at) != (connection_number, changed_at):
                companies = await _companies(views, msp, connection_number)
                organizations = await _organizations(views, msp)
                placed: tuple[Placed, ...] = await in_thread(_placed, companies, organizations)
                known = self._known[msp] = _Known(connection_number, changed_at, placed)
            self._known.move_to_end(msp)
            while len(self._known) > MSPS_KEPT:
                oldest, _ = self._known.popitem(last=False)
                self._working.pop(oldest, None)
            return known.placed


def _placed(companies: Sequence[Named], organizations: Sequence[Named]) -> tuple[Placed, ...]:
    names = {one.id: one.name for one in organizations}
    placed: list[Placed] = []
    for suggestion in suggest(companies, sorted(organizations, key=lambda one: (one.name, one.id))):
        before = placed[-1].place if placed else None
        is_next = before is not None and before[1] == suggestion.organization
        number = before[2] + 1 if before is not None and is_next else 0
        placed.append(Placed((names[suggestion.organization], suggestion.organization, number), suggestion))
    return tuple(placed)


async def _changed_at(views: Views, msp: MspId) -> int:
    """The number of the newest fact of the MSP that could make other suggestions."""
    query = """
        SELECT coalesce(max(newest.number), 0) FROM unnest(%s::text[]) AS wanted (fact_type)
         CROSS JOIN LATERAL (SELECT number FROM history h WHERE h.msp = %s AND h.fact_type = wanted.fact_type
                              ORDER BY number DESC LIMIT 1) AS newest
    """
    return await views.number(query, (list(CHANGED_BY), msp))


async def _companies(views: Views, msp: MspId, connection_number: int) -> list[Named]:
    """Companies of the directory that are there and that no organization is mapped to. Shape: by id."""
    query = """
        SELECT c.company::text, c.name FROM directory_companies c
         WHERE c.msp = %s AND c.connection_number = %s AND NOT c.is_gone AND NOT c.is_deleted
           AND NOT EXISTS (SELECT 1 FROM company_mappings m
                            WHERE m.msp = c.msp AND m.company = c.company AND m.agreement IS NOT NULL)
         ORDER BY c.company
    """
    return [Named(str(company), str(name)) for company, name in await views.tuples(query, (msp, connection_number))]


async def _organizations(views: Views, msp: MspId) -> list[Named]:
    """Organizations that the MSP manages and that are neither mapped nor excluded nor closed."""
    query = """
        SELECT o.organization, o.name FROM organizations o
         WHERE o.msp = %s AND o.management = 'MSP' AND NOT o.is_closed
           AND NOT EXISTS (SELECT 1 FROM company_mappings m WHERE m.msp = o.msp AND m.organization = o.organization)
    """
    return [Named(str(organization), str(name)) for organization, name in await views.tuples(query, (msp,))]

"""What was true at an instant: connection, mappings and quantities by what was *recorded* by then, folded from facts.

No view and no snapshot is asked: one pass over the MSP's facts up to the instant, with the functions that fold any
state. A second instant may say by when things had to be *effective*; without one everything recorded counts, as in the
views, which show a change that begins within the next five minutes at once.

Everything that can differ between two instants is a *facet*: a path and a plain value. So the difference of two
instants is a list of facets, and applied to the first it gives the second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from domain.company_mapping import COMPANY_MAPPING, CompanyMapped, CompanyMappingState, current_mapping
from domain.connection import CONNECTION, ConnectionState, ProductRule
from domain.organization import ORGANIZATION, OrganizationState, Standing, standing_at, standings
from domain.streams import StreamKind
from domain.values import MspId, OrganizationId
from journal.application import Journal
from journal.stored_form import instant_text

PAGE = 1_000
KINDS = (StreamKind.CONNECTION, StreamKind.ORGANIZATION, StreamKind.COMPANY_MAPPING)

Value = str | int | bool | None
Path = tuple[str, ...]
"""Of a facet: what kind of thing, which one, which of its properties."""
Facets = Mapping[Path, Value]
"""Shape: no facet is none; what a thing does not have is left out."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """An MSP as of an instant. `at` is included; `effective_at` none means that everything recorded counts."""

    msp: MspId
    at: datetime
    effective_at: datetime | None
    connection: ConnectionState = CONNECTION.initial
    organizations: Mapping[OrganizationId, OrganizationState] = field(default_factory=dict)
    mappings: Mapping[OrganizationId, CompanyMappingState] = field(default_factory=dict)

    def standing(self, organization: OrganizationId) -> Standing | None:
        """What an organization was; none when nothing of it was in effect."""
        state = self.organizations.get(organization, ORGANIZATION.initial)
        if self.effective_at is not None:
            return standing_at(state, self.effective_at)
        found = standings(state)
        return found[-1] if found else None

    def mapping(self, organization: OrganizationId) -> CompanyMapped | None:
        """Where it billed to, under the connection that was live."""
        live, state = self.connection.live, self.mappings.get(organization)
        return None if live is None or state is None else current_mapping(state, live.number)

    def excluded_because(self, organization: OrganizationId) -> str | None:
        state = self.mappings.get(organization)
        return None if state is None else state.excluded_because

    def names(self) -> list[OrganizationId]:
        """Every organization that was in effect, mapped or excluded. Shape: sorted."""
        return sorted(
            name
            for name in {*self.organizations, *self.mappings}
            if self.standing(name) is not None
            or self.mapping(name) is not None
            or self.excluded_because(name) is not None
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One facet that differs. `before` none: it came; `after` none: it went."""

    path: Path
    before: Value
    after: Value


def as_of(journal: Journal, msp: MspId, at: datetime, effective_at: datetime | None = None) -> AsOf:
    """Fold what was recorded up to an instant, that instant included."""
    connection = CONNECTION.initial
    organizations: dict[OrganizationId, OrganizationState] = {}
    mappings: dict[OrganizationId, CompanyMappingState] = {}
    reached = 0
    while page := journal.read(reached, PAGE, msp=msp, kinds=KINDS):
        for entry in page:
            if entry.recorded_at > at:
                break
            match entry.stream.kind:
                case StreamKind.CONNECTION:
                    connection = CONNECTION.evolve(connection, entry.fact)
                case StreamKind.ORGANIZATION:
                    name = OrganizationId(entry.stream.key[0])
                    organizations[name] = ORGANIZATION.evolve(organizations.get(name, ORGANIZATION.initial), entry.fact)
                case _:
                    name = OrganizationId(entry.stream.key[0])
                    mappings[name] = COMPANY_MAPPING.evolve(mappings.get(name, COMPANY_MAPPING.initial), entry.fact)
        if page[-1].recorded_at > at:
            break
        reached = page[-1].position
    return AsOf(msp, at, effective_at, connection, organizations, mappings)


def facets(stood: AsOf) -> dict[Path, Value]:
    """Everything that can be told apart. Shape: in no order that means anything."""
    found: dict[Path, Value] = {}
    _connection(found, stood.connection)
    for name in stood.names():
        _organization(found, stood, name)
    return {path: value for path, value in found.items() if value is not None}


def difference(before: AsOf, after: AsOf) -> tuple[Difference, ...]:
    """What is not the same. Shape: by path; empty between an instant and itself."""
    left, right = facets(before), facets(after)
    return tuple(
        Difference(path, left.get(path), right.get(path))
        for path in sorted({*left, *right})
        if left.get(path) != right.get(path)
    )


def applied(start: Facets, differences: Iterable[Difference]) -> dict[Path, Value]:
    """The facets after some differences; each `before` is taken as said, not checked."""
    found = dict(start)
    for each in differences:
        if each.after is None:
            found.pop(each.path, None)
        else:
            found[each.path] = each.after
    return found


def _connection(found: dict[Path, Value], state: ConnectionState) -> None:
    live, attention = state.live, state.attention
    about: dict[str, Value] = {"status": state.status.value, "number": state.number, "is_confirmed": state.is_confirmed}
    if live is not None:
        about |= {
            "site": live.tenant.site,
            "company_id": live.tenant.company_id,
            "site_url": live.site_url,
            "company_name": live.company_name,
            "key_hint": live.key_hint,
            "connected_at": instant_text(live.connected_at),
        }
    if attention is not None:
        about |= {"attention_reason": attention.reason.value, "attention_detail": attention.detail}
    about |= {each.name: getattr(state.settings, each.name) for each in fields(state.settings)}
    _put(found, ("connection", ""), about)
    for item, mapped in state.products.items():
        rule = state.rules.get(mapped.product, ProductRule())
        _put(
            found,
            ("product mapping", f"{item.plan}/{item.component}"),
            {
                "product": mapped.product,
                "identifier": mapped.identifier,
                "description": mapped.description,
                "rule": rule.rule.value,
                "minimum": rule.minimum,
            },
        )


def _organization(found: dict[Path, Value], stood: AsOf, name: OrganizationId) -> None:
    standing, mapped = stood.standing(name), stood.mapping(name)
    about: dict[str, Value] = {"excluded_because": stood.excluded_because(name)}
    if standing is not None:
        about |= {
            "name": stood.organizations[name].name,
            "plan": standing.plan,
            "license_type": standing.license_type.value,
            "management": standing.management.value,
            "is_closed": standing.is_closed,
        }
        for component, quantity in standing.quantities.items():
            about[f"{component.lower()}_counted"] = quantity
            about[f"{component.lower()}_billed"] = quantity if standing.is_billed else 0
    if mapped is not None:
        about |= {
            "company": mapped.company,
            "company_name": mapped.company_name,
            "agreement": mapped.agreement,
            "agreement_name": mapped.agreement_name,
            "mapped_at": instant_text(mapped.mapped_at),
        }
    _put(found, ("organization", name), about)


def _put(found: dict[Path, Value], path: Path, about: Mapping[str, Value]) -> None:
    for name, value in about.items():
        found[(*path, name)] = value

"""What was true at an instant, and what changed between two: for auditors, from facts alone."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from api import paging
from api.connection import Attention, ConnectionSettings, ProductMapping
from api.context import Info
from api.fields import READERS, computed, query
from api.paging import Paged
from domain.connection import ProductRule, Status
from domain.refusals import InvalidInput
from domain.values import Component, LicenseType, Management, OrganizationId
from journal.as_of import AsOf, Difference, Path, Value, as_of, difference

T = TypeVar("T")


@strawberry.type(description="Units of a component: counted, and billed (0 while TRIAL, NFR, closed or not managed).")
class QuantityAsOf:
    component: Component
    counted: int
    billed: int


@strawberry.type(
    description="An organization as it was. `plan` and the like are null when only a mapping of it stood; `agreement`"
    " and the like when it was not mapped."
)
class OrganizationAsOf:
    organization: strawberry.ID
    name: str | None
    plan: strawberry.ID | None
    license_type: LicenseType | None
    management: Management | None
    is_closed: bool | None
    quantities: list[QuantityAsOf]
    company: int | None
    company_name: str | None
    agreement: int | None
    agreement_name: str | None
    mapped_at: datetime | None
    excluded_because: str | None


@strawberry.type(
    description="The connection, its mappings and all quantities by what was recorded by `at`. With `effectiveAt` a"
    " change counts only if it was effective by then as well."
)
class ConnectionAsOf:
    at: datetime
    effective_at: datetime | None
    status: Status
    number: int
    site: str | None
    company_id: str | None
    site_url: str | None
    company_name: str | None
    key_hint: str | None
    connected_at: datetime | None
    is_confirmed: bool
    attention: Attention | None
    settings: ConnectionSettings
    product_mappings: list[ProductMapping]
    stood: strawberry.Private[AsOf]

    @computed("By organization id.")
    async def organizations(
        self, *, first: int = paging.DEFAULT_PAGE, after: str | None = None
    ) -> Paged[OrganizationAsOf]:
        asked = paging.page(first, after, (str,))
        names = self.stood.names()
        return _paged(asked, [(name,) for name in names], lambda key: _organization(self.stood, OrganizationId(key[0])))

    @computed("One of them; null when it was not known by then.")
    async def organization(self, id: strawberry.ID) -> OrganizationAsOf | None:
        name = OrganizationId(id)
        return _organization(self.stood, name) if name in self.stood.names() else None


@strawberry.type(
    description="One thing that differs. `subject` is connection, product mapping or organization; `key` which one of"
    " them; `before` null: it came; `after` null: it went. Numbers and truths are written as text."
)
class StandingDifference:
    subject: str
    key: str
    field: str
    before: str | None
    after: str | None


@strawberry.type
class AsOfQueries:
    @query(READERS, "What was true at an instant, by what was recorded by then.")
    async def connection_as_of(
        self,
        info: Info,
        at: datetime,
        *,
        effective_at: datetime | None = None,
        msp: strawberry.ID | None = None,
    ) -> ConnectionAsOf:
        return _shown(await stood_at(info, "at", at, effective_at, msp=msp))

    @query(READERS, "What differs between two instants, by what was recorded by each.")
    async def connection_difference(
        self,
        info: Info,
        from_: Annotated[datetime, strawberry.argument(name="from")],
        to: datetime,
        *,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[StandingDifference]:
        asked = paging.page(first, after, (str, str, str))
        before = await stood_at(info, "from", from_, msp=msp)
        later = await stood_at(info, "to", to, msp=msp)
        found = {each.path: each for each in await info.context.in_thread(difference, before, later)}
        return _paged(asked, list(found), lambda path: _difference(found[path]))


async def stood_at(
    info: Info, name: str, at: datetime, effective_at: datetime | None = None, *, msp: str | None
) -> AsOf:
    """An MSP as of an instant that a caller gave as `name`.

    Raises: InvalidInput for an instant that is still to come: what will be recorded by then is not known.
    """
    asking = info.context
    known = await asking.known_msp(msp)
    if at > await asking.in_thread(asking.journal.now):
        raise InvalidInput(name, "an instant that has passed")
    return await asking.in_thread(as_of, asking.journal, known, at, effective_at)


def _paged(asked: paging.Page, keys: Sequence[Path], node: Callable[[Path], T]) -> Paged[T]:
    """A page of something that is worked out whole each time. Shape: `keys` sorted, each once."""
    start = 0 if asked.after is None else bisect_right(keys, tuple(str(part) for part in asked.after))
    cut = paging.cut(keys[start : start + asked.limit], asked)
    edges, page_info = paging.edges_of(cut, lambda key: key, node)

    async def count() -> int:
        return len(keys)

    return Paged(edges=edges, page_info=page_info, count=count)


def _shown(stood: AsOf) -> ConnectionAsOf:
    state = stood.connection
    live, settings = state.live, state.settings
    return ConnectionAsOf(
        at=stood.at,
        effective_at=stood.effective_at,
        status=state.status,
        number=state.number,
        site=None if live is None else live.tenant.site,
        company_id=None if live is None else live.tenant.company_id,
        site_url=None if live is None else live.site_url,
        company_name=None if live is None else live.company_name,
        key_hint=None if live is None else live.key_hint,
        connected_at=None if live is None else live.connected_at,
        is_confirmed=state.is_confirmed,
        attention=(
            None if state.attention is None else Attention(reason=state.attention.reason, detail=state.attention.detail)
        ),
        settings=ConnectionSettings(
            drift_policy=settings.drift_policy,
            hold_days=settings.hold_days,
            drop_guard_percent=settings.drop_guard_percent,
            drop_guard_units=settings.drop_guard_units,
            parallel_requests=settings.parallel_requests,
        ),
        product_mappings=[
            ProductMapping(
                plan=strawberry.ID(item.plan),
                component=item.component,
                product=mapped.product,
                identifier=mapped.identifier,
                description=mapped.description,
                rule=rule.rule,
                minimum=rule.minimum,
            )
            for item, mapped in sorted(state.products.items())
            for rule in (state.rules.get(mapped.product, ProductRule()),)
        ],
        stood=stood,
    )


def _organization(stood: AsOf, name: OrganizationId) -> OrganizationAsOf:
    standing, mapped = stood.standing(name), stood.mapping(name)
    return OrganizationAsOf(
        organization=strawberry.ID(name),
        name=None if standing is None else stood.organizations[name].name,
        plan=None if standing is None else strawberry.ID(standing.plan),
        license_type=None if standing is None else standing.license_type,
        management=None if standing is None else standing.management,
        is_closed=None if standing is None else standing.is_closed,
        quantities=[
            QuantityAsOf(component=component, counted=quantity, billed=quantity if standing.is_billed else 0)
            for component, quantity in standing.quantities.items()
        ]
        if standing is not None
        else [],
        company=None if mapped is None else mapped.company,
        company_name=None if mapped is None else mapped.company_name,
        agreement=None if mapped is None else mapped.agreement,
        agreement_name=None if mapped is None else mapped.agreement_name,
        mapped_at=None if mapped is None else mapped.mapped_at,
        excluded_because=stood.excluded_because(name),
    )


def _difference(found: Difference) -> StandingDifference:
    subject, key, field = found.path
    return StandingDifference(
        subject=subject, key=key, field=field, before=_text(found.before), after=_text(found.after)
    )


def _text(value: Value) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)

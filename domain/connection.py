"""One MSP's link to one ConnectWise tenant: credentials by hint only, product mappings, rules, settings, status.

An MSP has one live connection at a time. Connections are numbered 1, 2, …; what belongs to an older number is void.
Credentials themselves live in the vault and never in a fact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from domain.refusals import (
    AlreadyConnected,
    ConnectionIsNotActive,
    DifferentTenant,
    InvalidInput,
    NotConnected,
    ProductMappingIncomplete,
    ProductNotMapped,
    UnknownProduct,
)
from domain.streams import Aggregate, StreamKind
from domain.values import (
    CLOSE_DELAY,
    BillingMonth,
    DriftPolicy,
    LeftBehind,
    PlanComponent,
    ProductTerms,
    PsaProductId,
    Rule,
    RunId,
    Tenant,
)

LARGEST_MINIMUM = 1_000_000


class Status(StrEnum):
    """What the connection does now; the first that holds, from ATTENTION over PAUSED to SETUP."""

    NOT_CONNECTED = "NOT_CONNECTED"
    SETUP = "SETUP"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ATTENTION = "ATTENTION"


class AttentionReason(StrEnum):
    """Why pushes of a whole connection wait."""

    WRONG_KEYS = "WRONG_KEYS"
    SITE_UNREACHABLE = "SITE_UNREACHABLE"
    MISSING_RIGHT = "MISSING_RIGHT"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an MSP admin may choose.

    Units: `drop_guard_percent` of the higher of found and wrote, 0 switches the guard off; `drop_guard_units` in
    units; `hold_days` in whole days, 0 means at once.
    """

    drift_policy: DriftPolicy = DriftPolicy.OVERWRITE
    hold_days: int = 0
    drop_guard_percent: int = 50
    drop_guard_units: int = 10
    parallel_requests: int = 4


# --- facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """By an admin, after every Inquire right was probed. `key_hint` is the end of the public key."""

    number: int
    tenant: Tenant
    site_url: str
    company_name: str
    key_hint: str
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class CredentialsUpdated:
    """By an admin, after the new key was probed."""

    key_hint: str


@dataclass(frozen=True, slots=True)
class ProductCreated:
    """By an admin: a product that was missing in ConnectWise was created there."""

    product: PsaProductId
    identifier: str
    description: str
    subcategory: int
    product_type: int


@dataclass(frozen=True, slots=True)
class ProductMapped:
    """By an admin. Mapped elsewhere before, `left_behind` says what becomes of the additions it leaves."""

    item: PlanComponent
    product: PsaProductId
    identifier: str
    description: str
    left_behind: LeftBehind
    mapped_at: datetime


@dataclass(frozen=True, slots=True)
class ProductUnmapped:
    """By an admin."""

    item: PlanComponent
    left_behind: LeftBehind


@dataclass(frozen=True, slots=True)
class ProductRuleSet:
    """By an admin; governs the whole of every month that is not closed yet."""

    product: PsaProductId
    rule: Rule
    minimum: int


@dataclass(frozen=True, slots=True)
class ProductMappingConfirmed:
    """By an admin: the mapping is complete; the connection becomes ACTIVE."""


@dataclass(frozen=True, slots=True)
class CompaniesImported:
    """By the worker at the end of an import run. `types` and `statuses` are the filter, empty for all."""

    run: RunId
    types: tuple[int, ...]
    statuses: tuple[int, ...]
    companies: int
    agreements: int
    new: int
    changed: int
    gone: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """By an admin; carries all settings as they are from now on."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class AttentionRaised:
    """By a worker: ConnectWise refuses the whole connection. Pushes wait, nothing is lost."""

    reason: AttentionReason
    detail: str


@dataclass(frozen=True, slots=True)
class AttentionCleared:
    """By a worker when a probe passes again, or with new credentials."""


@dataclass(frozen=True, slots=True)
class Paused:
    """By an admin. Months close, pushes wait."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """By an admin. Finals that waited go first."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """By an admin. Mappings are void, credentials destroyed, history stays."""

    number: int


ConnectionFact = (
    Connected
    | CredentialsUpdated
    | ProductCreated
    | ProductMapped
    | ProductUnmapped
    | ProductRuleSet
    | ProductMappingConfirmed
    | CompaniesImported
    | SettingsChanged
    | AttentionRaised
    | AttentionCleared
    | Paused
    | Resumed
    | Disconnected
)


# --- state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Live:
    """The connection that is live now."""

    number: int
    tenant: Tenant
    site_url: str
    company_name: str
    key_hint: str
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class MappedProduct:
    product: PsaProductId
    identifier: str
    description: str


@dataclass(frozen=True, slots=True)
class Attention:
    reason: AttentionReason
    detail: str


@dataclass(frozen=True, slots=True)
class ProductRule:
    rule: Rule = Rule.CURRENT
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionState:
    version: int = 0
    number: int = 0
    """Of the newest connection, live or not."""
    live: Live | None = None
    products: Mapping[PlanComponent, MappedProduct] = field(default_factory=dict)
    rules: Mapping[PsaProductId, ProductRule] = field(default_factory=dict)
    products_mapped_at: datetime | None = None
    """When the first product of the live connection was mapped."""
    is_confirmed: bool = False
    is_paused: bool = False
    attention: Attention | None = None
    settings: Settings = Settings()
    last_import: CompaniesImported | None = None

    @property
    def status(self) -> Status:
        if self.live is None:
            return Status.NOT_CONNECTED
        if self.attention is not None:
            return Status.ATTENTION
        if self.is_paused:
            return Status.PAUSED
        return Status.ACTIVE if self.is_confirmed else Status.SETUP


def product_terms(state: ConnectionState) -> tuple[ProductTerms, ...]:
    """How each mapped product bills. Shape: by product id, its items by plan and component."""
    items: dict[PsaProductId, list[PlanComponent]] = {}
    for item, mapped in state.products.items():
        items.setdefault(mapped.product, []).append(item)
    return tuple(
        ProductTerms(product, tuple(sorted(items[product])), rule.rule, rule.minimum)
        for product in sorted(items)
        for rule in (state.rules.get(product, ProductRule()),)
    )


def closes(state: ConnectionState, month: BillingMonth) -> bool:
    """Whether a month that is over is to be closed for this MSP.

    Why: a month that ended while not connected is not closed; one whose first product was mapped only after the
    closing instant has nothing to close with.
    """
    return (
        state.live is not None
        and bool(state.products)
        and state.live.connected_at < month.ends_at
        and state.products_mapped_at is not None
        and state.products_mapped_at < month.ends_at + CLOSE_DELAY
    )


def require_live(state: ConnectionState) -> Live:
    """Raises: NotConnected."""
    if state.live is None:
        raise NotConnected
    return state.live


def require_pushing(state: ConnectionState) -> Live:
    """Raises: NotConnected, ConnectionIsNotActive."""
    live = require_live(state)
    if state.status is not Status.ACTIVE:
        raise ConnectionIsNotActive(state.status)
    return live


# --- decisions -------------------------------------------------------------------------------------------------


def connect(
    state: ConnectionState, *, tenant: Tenant, site_url: str, company_name: str, key_hint: str, now: datetime
) -> tuple[ConnectionFact, ...]:
    """Raises: AlreadyConnected."""
    if state.live is not None:
        raise AlreadyConnected(state.live.tenant)
    return (Connected(state.number + 1, tenant, site_url, company_name, key_hint, now),)


def update_credentials(state: ConnectionState, *, tenant: Tenant, key_hint: str) -> tuple[ConnectionFact, ...]:
    """New keys of the same tenant; they also end an attention.

    Raises: NotConnected, DifferentTenant.
    """
    live = require_live(state)
    if tenant != live.tenant:
        raise DifferentTenant(live.tenant, tenant)
    updated = CredentialsUpdated(key_hint)
    return (updated, AttentionCleared()) if state.attention is not None else (updated,)


def create_product(state: ConnectionState, created: ProductCreated) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected."""
    require_live(state)
    return (created,)


def map_product(
    state: ConnectionState,
    item: PlanComponent,
    *,
    product: PsaProductId,
    identifier: str,
    description: str,
    left_behind: LeftBehind,
    now: datetime,
) -> tuple[ConnectionFact, ...]:
    """Map or remap a plan component; nothing when it is mapped so already.

    Raises: NotConnected.
    """
    require_live(state)
    mapped = state.products.get(item)
    if mapped is not None and mapped.product == product:
        return ()
    return (ProductMapped(item, product, identifier, description, left_behind, now),)


def unmap_product(
    state: ConnectionState, item: PlanComponent, *, left_behind: LeftBehind
) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected, ProductNotMapped."""
    require_live(state)
    if item not in state.products:
        raise ProductNotMapped(item.plan, item.component)
    return (ProductUnmapped(item, left_behind),)


def set_product_rule(
    state: ConnectionState, product: PsaProductId, *, rule: Rule, minimum: int
) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected, UnknownProduct when nothing is mapped to it, InvalidInput (minimum)."""
    require_live(state)
    if all(mapped.product != product for mapped in state.products.values()):
        raise UnknownProduct(product)
    if not 0 <= minimum <= LARGEST_MINIMUM:
        raise InvalidInput("minimum", f"0 to {LARGEST_MINIMUM} units")
    if state.rules.get(product, ProductRule()) == ProductRule(rule, minimum):
        return ()
    return (ProductRuleSet(product, rule, minimum),)


def confirm_product_mapping(state: ConnectionState, in_use: Iterable[PlanComponent]) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected, ProductMappingIncomplete naming each component in use that has no product."""
    require_live(state)
    missing = tuple(sorted(set(in_use) - set(state.products)))
    if missing or not state.products:
        raise ProductMappingIncomplete(missing)
    return () if state.is_confirmed else (ProductMappingConfirmed(),)


def record_import(state: ConnectionState, imported: CompaniesImported) -> tuple[ConnectionFact, ...]:
    """Nothing when this run was recorded already.

    Raises: NotConnected.
    """
    require_live(state)
    last = state.last_import
    return () if last is not None and last.run == imported.run else (imported,)


def change_settings(state: ConnectionState, settings: Settings) -> tuple[ConnectionFact, ...]:
    """Raises: InvalidInput naming the setting."""
    bounds = {
        "hold_days": (settings.hold_days, 0, 27),
        "drop_guard_percent": (settings.drop_guard_percent, 0, 100),
        "drop_guard_units": (settings.drop_guard_units, 0, 1_000_000),
        "parallel_requests": (settings.parallel_requests, 1, 16),
    }
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:
            raise InvalidInput(name, f"{least} to {most}")
    return () if settings == state.settings else (SettingsChanged(settings),)


def raise_attention(state: ConnectionState, reason: AttentionReason, detail: str) -> tuple[ConnectionFact, ...]:
    """Nothing when disconnected meanwhile or when the same is raised already."""
    if state.live is None or state.attention == Attention(reason, detail):
        return ()
    return (AttentionRaised(reason, detail),)


def clear_attention(state: ConnectionState) -> tuple[ConnectionFact, ...]:
    return () if state.attention is None else (AttentionCleared(),)


def pause(state: ConnectionState) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected."""
    require_live(state)
    return () if state.is_paused else (Paused(),)


def resume(state: ConnectionState) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected."""
    require_live(state)
    return (Resumed(),) if state.is_paused else ()


def disconnect(state: ConnectionState) -> tuple[ConnectionFact, ...]:
    """Raises: NotConnected."""
    return (Disconnected(require_live(state).number),)


# --- evolve ----------------------------------------------------------------------------------------------------


def evolve(state: ConnectionState, fact: ConnectionFact) -> ConnectionState:
    state = replace(state, version=state.version + 1)
    match fact:
        case Connected():
            live = Live(fact.number, fact.tenant, fact.site_url, fact.company_name, fact.key_hint, fact.connected_at)
            return ConnectionState(
                version=state.version,
                number=fact.number,
                live=live,
                settings=state.settings,
                last_import=state.last_import,
            )
        case CredentialsUpdated():
            assert state.live is not None
            return replace(state, live=replace(state.live, key_hint=fact.key_hint))
        case ProductCreated():
            return state
        case ProductMapped():
            mapped = MappedProduct(fact.product, fact.identifier, fact.description)
            return replace(
                state,
                products={**state.products, fact.item: mapped},
                products_mapped_at=state.products_mapped_at or fact.mapped_at,
            )
        case ProductUnmapped():
            return replace(
                state, products={item: mapped for item, mapped in state.products.items() if item != fact.item}
            )
        case ProductRuleSet():
            return replace(state, rules={**state.rules, fact.product: ProductRule(fact.rule, fact.minimum)})
        case ProductMappingConfirmed():
            return replace(state, is_confirmed=True)
        case CompaniesImported():
            return replace(state, last_import=fact)
        case SettingsChanged():
            return replace(state, settings=fact.settings)
        case AttentionRaised():
            return replace(state, attention=Attention(fact.reason, fact.detail))
        case AttentionCleared():
            return replace(state, attention=None)
        case Paused():
            return replace(state, is_paused=True)
        case Resumed():
            return replace(state, is_paused=False)
        case Disconnected():
            return ConnectionState(
                version=state.version,
                number=state.number,
                settings=state.settings,
                last_import=state.last_import,
            )
        case _:
            assert_never(fact)


CONNECTION: Aggregate[ConnectionState, ConnectionFact] = Aggregate(StreamKind.CONNECTION, ConnectionState(), evolve)

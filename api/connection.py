"""The MSP's link to its ConnectWise: test it, connect, replace its keys, settings, pause, disconnect."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import strawberry

from api.context import Act, Info
from api.fields import ADMINS, EVERYBODY, computed, mutation, query
from api.refusals import MissingRights, PlanComponentType, RightType, result, right_type
from connectwise.auth import Credentials
from connectwise.discovery import Address
from connectwise.probe import ProbeReport, RightState, probe_connection
from connectwise.tenants import TenantSecret, secret_bytes
from domain import connection as decisions
from domain.connection import CONNECTION, AttentionReason, ConnectionFact, ConnectionState, Settings, Status
from domain.refusals import (
    AlreadyConnected,
    DifferentTenant,
    InvalidInput,
    NotConnected,
    ProductMappingIncomplete,
)
from domain.restoring import tenants_of
from domain.run import RUN
from domain.streams import connection_stream, run_stream
from domain.values import Component, DriftPolicy, MspId, PlanComponent, PlanId, Rule, RunId
from journal.reader import Change, Reader
from projections.reads import connections as connection_rows
from projections.reads import organizations as organization_rows
from projections.reads import runs as run_rows
from projections.reads.runs import RunRow

strawberry.enum(RightState, name="PsaRightState")

KEY_HINT_LENGTH = 4
IMPORT_COUNTS = ("companies", "agreements", "new", "changed", "gone", "vanished")


@strawberry.type(description="Why pushes of the whole connection wait.")
class Attention:
    reason: AttentionReason
    detail: str


@strawberry.type(description="What an MSP admin may choose.")
class ConnectionSettings:
    drift_policy: DriftPolicy
    hold_days: int
    drop_guard_percent: int
    drop_guard_units: int
    parallel_requests: int


@strawberry.type(
    description="A plan's component and the ConnectWise product that bills it. `agreements` is on how many now,"
    " null as of an instant."
)
class ProductMapping:
    plan: strawberry.ID
    component: Component
    product: int
    identifier: str
    description: str
    rule: Rule
    minimum: int
    agreements: int | None = None


@strawberry.type(description="What the last import of this ConnectWise was limited to, and what it found.")
class LastImport:
    run: strawberry.ID
    types: list[int]
    statuses: list[int]
    companies: int
    agreements: int
    new: int
    changed: int
    gone: int
    vanished: int
    finished_at: datetime | None


@strawberry.type(
    description="An MSP's link to its ConnectWise. Keys are never shown; `keyHint` is the public key's end."
)
class PsaConnection:
    msp: strawberry.ID
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

    @computed()
    async def product_mappings(self, info: Info) -> list[ProductMapping]:
        return [
            ProductMapping(
                plan=strawberry.ID(row.plan),
                component=Component(row.component),
                product=row.product,
                identifier=row.identifier,
                description=row.description,
                rule=Rule(row.rule),
                minimum=row.minimum,
                agreements=row.agreements,
            )
            for row in await connection_rows.product_mappings(info.context.views, MspId(self.msp))
        ]

    @computed("Null before the first import of this ConnectWise. Ids of its filter mean nothing in another one.")
    async def last_import(self, info: Info) -> LastImport | None:
        if self.status is Status.NOT_CONNECTED:
            return None
        asking, msp = info.context, MspId(self.msp)
        entries = await asking.in_thread(asking.journal.entries, connection_stream(msp))
        tenants = tenants_of(entry.fact for entry in entries)
        imports = await run_rows.last_imports(asking.views, msp)
        streams = {row.run: run_stream(msp, RunId(row.run)) for row in imports}
        states = await asking.in_thread(asking.journal.states, RUN, list(streams.values()))
        for row in imports:
            requested = states[streams[row.run]].state.requested
            if requested is not None and tenants.get(requested.connection_number) == tenants.get(self.number):
                return _last_import(row)
        return None

    @computed("Plan components in use that have no product yet.")
    async def missing_products(self, info: Info) -> list[PlanComponentType]:
        views, msp = info.context.views, MspId(self.msp)
        mapped = {(row.plan, row.component) for row in await connection_rows.product_mappings(views, msp)}
        return [
            PlanComponentType(plan=strawberry.ID(plan), component=component)
            for plan, component in await organization_rows.items_in_use(views, msp)
            if (plan, component) not in mapped
        ]


@strawberry.type
class ConnectionChanged:
    """The connection as it is after the act."""

    connection: PsaConnection


@strawberry.type
class TestedRight:
    right: RightType
    state: RightState
    refused_lists: list[str]


@strawberry.type(description="What a test found. Nothing was stored.")
class ConnectionTested:
    site: str
    company_id: str
    company_name: str
    version: str
    is_cloud: bool
    is_usable: bool
    rights: list[TestedRight]


@strawberry.input
class TestConnectionInput:
    site_url: str
    company_id: str
    public_key: str
    private_key: str
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ConnectInput:
    site_url: str
    company_id: str
    public_key: str
    private_key: str
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="Without `siteUrl` and `companyId` the connection's own are meant.")
class UpdateCredentialsInput:
    public_key: str
    private_key: str
    site_url: str | None = None
    company_id: str | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="Settings left out stay as they are.")
class ChangeSettingsInput:
    drift_policy: DriftPolicy | None = None
    hold_days: int | None = None
    drop_guard_percent: int | None = None
    drop_guard_units: int | None = None
    parallel_requests: int | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ConnectionInput:
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


TEST_CONNECTION = result("TestConnectionResult", ConnectionTested, psa=True)
CONNECT = result("ConnectResult", ConnectionChanged, AlreadyConnected, psa=True)
UPDATE_CREDENTIALS = result("UpdateCredentialsResult", ConnectionChanged, NotConnected, DifferentTenant, psa=True)
CONFIRM = result("ConfirmProductMappingResult", ConnectionChanged, NotConnected, ProductMappingIncomplete)
CHANGE_SETTINGS = result("ChangeSettingsResult", ConnectionChanged)
PAUSE = result("PauseResult", ConnectionChanged, NotConnected)
RESUME = result("ResumeResult", ConnectionChanged, NotConnected)
DISCONNECT = result("DisconnectResult", ConnectionChanged, NotConnected)


@strawberry.type
class ConnectionQueries:
    @query(EVERYBODY, "The MSP's connection; NOT_CONNECTED when there is none.")
    async def psa_connection(self, info: Info, msp: strawberry.ID | None = None) -> PsaConnection:
        return await connection_of(info, await info.context.known_msp(msp))


@strawberry.type
class ConnectionMutations:
    @mutation(TEST_CONNECTION, ADMINS, "Try site and keys, right by right. Stores nothing.")
    async def test_connection(self, info: Info, input: TestConnectionInput) -> Any:
        info.context.msp(input.msp)
        report = await _probe(info, input.site_url, _credentials(input.company_id, input))
        return _tested(report)

    @mutation(CONNECT, ADMINS, "Connect a ConnectWise after all its Inquire rights were seen.")
    async def connect(self, info: Info, input: ConnectInput) -> Any:
        act = await info.context.act("connect", input.msp, input)
        if act.repeated is not None:
            return ConnectionChanged(connection=await connection_of(info, act.msp))
        current = await info.context.connection(act.msp)
        if current.live is not None:
            raise AlreadyConnected(current.live.tenant)
        credentials = _credentials(input.company_id, input)
        address = await _usable(info, input.site_url, credentials)

        def decide(state: ConnectionState, reader: Reader) -> tuple[ConnectionFact, ...]:
            return decisions.connect(
                state,
                tenant=address.tenant,
                site_url=address.site.login_origin,
                company_name=address.company_name or address.company_id,
                key_hint=_hint(input.public_key),
                now=reader.now,
            )

        secret = secret_bytes(TenantSecret(address, credentials))
        return await _record_with_secret(info, act, decide, lambda state: state.number + 1, secret)

    @mutation(UPDATE_CREDENTIALS, ADMINS, "Replace the keys, after the new ones were probed. Mappings stay.")
    async def update_credentials(self, info: Info, input: UpdateCredentialsInput) -> Any:
        act = await info.context.act("updateCredentials", input.msp, input)
        if act.repeated is not None:
            return ConnectionChanged(connection=await connection_of(info, act.msp))
        live = await info.context.live(act.msp)
        company_id = input.company_id
        if company_id is None:
            company_id = await info.context.in_thread(info.context.parts.psa.tenants.company_id, act.msp, live.number)
        credentials = _credentials(company_id, input)
        address = await _usable(info, input.site_url or live.site_url, credentials)

        def decide(state: ConnectionState, _: Reader) -> tuple[ConnectionFact, ...]:
            return decisions.update_credentials(state, tenant=address.tenant, key_hint=_hint(input.public_key))

        secret = secret_bytes(TenantSecret(address, credentials))
        return await _record_with_secret(info, act, decide, lambda state: state.number, secret)

    @mutation(CONFIRM, ADMINS, "Say that the product mapping is complete; the connection becomes ACTIVE.")
    async def confirm_product_mapping(self, info: Info, input: ConnectionInput) -> Any:
        act = await info.context.act("confirmProductMapping", input.msp, input)
        in_use = tuple(
            PlanComponent(PlanId(plan), component)
            for plan, component in await organization_rows.items_in_use(info.context.views, act.msp)
        )
        return await _decided(info, act, lambda state: decisions.confirm_product_mapping(state, in_use))

    @mutation(CHANGE_SETTINGS, ADMINS)
    async def change_settings(self, info: Info, input: ChangeSettingsInput) -> Any:
        given = {name: value for name in _SETTINGS if (value := getattr(input, name)) is not None}
        act = await info.context.act("changeSettings", input.msp, input)
        return await _decided(
            info, act, lambda state: decisions.change_settings(state, replace(state.settings, **given))
        )

    @mutation(PAUSE, ADMINS, "Let pushes wait; months close all the same.")
    async def pause(self, info: Info, input: ConnectionInput) -> Any:
        return await _decided(info, await info.context.act("pause", input.msp, input), decisions.pause)

    @mutation(RESUME, ADMINS, "Let pushes go on; finals that waited go first.")
    async def resume(self, info: Info, input: ConnectionInput) -> Any:
        return await _decided(info, await info.context.act("resume", input.msp, input), decisions.resume)

    @mutation(DISCONNECT, ADMINS, "Stop syncing, void all mappings, destroy the keys. History stays.")
    async def disconnect(self, info: Info, input: ConnectionInput) -> Any:
        act = await info.context.act("disconnect", input.msp, input)
        vault = info.context.parts.vault
        number = 0

        def decide(reader: Reader) -> tuple[Change, ...]:
            nonlocal number
            stream = connection_stream(act.msp)
            state = reader.state(CONNECTION, stream).state
            number = state.number
            return (Change(stream, decisions.disconnect(state)),)

        def destroy(connection: psycopg.Connection[Any]) -> None:
            vault.destroy(connection, act.msp, number)

        await act.record(decide, destroy)
        return ConnectionChanged(connection=await connection_of(info, act.msp))


_SETTINGS = ("drift_policy", "hold_days", "drop_guard_percent", "drop_guard_units", "parallel_requests")


async def connection_of(info: Info, msp: MspId) -> PsaConnection:
    row = await connection_rows.connection(info.context.views, msp)
    if row is None:
        return _never_connected(msp)
    attention = (
        Attention(reason=AttentionReason(row.attention_reason), detail=row.attention_detail or "")
        if row.attention_reason
        else None
    )
    settings = ConnectionSettings(
        drift_policy=DriftPolicy(row.drift_policy),
        hold_days=row.hold_days,
        drop_guard_percent=row.drop_guard_percent,
        drop_guard_units=row.drop_guard_units,
        parallel_requests=row.parallel_requests,
    )
    return PsaConnection(
        msp=strawberry.ID(msp),
        status=Status(row.status),
        number=row.number,
        site=row.site,
        company_id=row.company_id,
        site_url=row.site_url,
        company_name=row.company_name,
        key_hint=row.key_hint,
        connected_at=row.connected_at,
        is_confirmed=row.is_confirmed,
        attention=attention,
        settings=settings,
    )


def _last_import(row: RunRow) -> LastImport:
    found = {name: int((row.outcomes or {}).get(name, 0)) for name in IMPORT_COUNTS}
    return LastImport(
        run=strawberry.ID(row.run),
        types=row.import_types or [],
        statuses=row.import_statuses or [],
        finished_at=row.finished_at,
        **found,
    )


def _never_connected(msp: MspId) -> PsaConnection:
    settings = Settings()
    return PsaConnection(
        msp=strawberry.ID(msp),
        status=Status.NOT_CONNECTED,
        number=0,
        site=None,
        company_id=None,
        site_url=None,
        company_name=None,
        key_hint=None,
        connected_at=None,
        is_confirmed=False,
        attention=None,
        settings=ConnectionSettings(
            drift_policy=settings.drift_policy,
            hold_days=settings.hold_days,
            drop_guard_percent=settings.drop_guard_percent,
            drop_guard_units=settings.drop_guard_units,
            parallel_requests=settings.parallel_requests,
        ),
    )


async def _decided(
    info: Info, act: Act, decide: Callable[[ConnectionState], tuple[ConnectionFact, ...]]
) -> ConnectionChanged:
    """Let a decision on the connection's state speak, and show the connection as it is then."""
    stream = connection_stream(act.msp)
    await act.record(lambda reader: (Change(stream, decide(reader.state(CONNECTION, stream).state)),))
    return ConnectionChanged(connection=await connection_of(info, act.msp))


async def _record_with_secret(
    info: Info,
    act: Act,
    decide: Callable[[ConnectionState, Reader], tuple[ConnectionFact, ...]],
    number_of: Callable[[ConnectionState], int],
    secret: bytes,
) -> ConnectionChanged:
    """Record a fact and keep the secret in the same transaction: never one without the other."""
    vault, stream = info.context.parts.vault, connection_stream(act.msp)
    number = 0

    def decide_all(reader: Reader) -> tuple[Change, ...]:
        nonlocal number
        state = reader.state(CONNECTION, stream).state
        number = number_of(state)
        return (Change(stream, decide(state, reader)),)

    await act.record(decide_all, lambda connection: vault.put(connection, act.msp, number, secret))
    return ConnectionChanged(connection=await connection_of(info, act.msp))


def _credentials(company_id: str, given: Any) -> Credentials:
    """Raises: InvalidInput naming the field, never its value."""
    company_id = company_id.strip()
    for field, value in (
        ("companyId", company_id),
        ("publicKey", given.public_key),
        ("privateKey", given.private_key),
    ):
        try:
            Credentials(*(value if name == field else "x" for name in ("companyId", "publicKey", "privateKey")))
        except ValueError as error:
            raise InvalidInput(field, str(error)) from None
        if len(value) > 200:
            raise InvalidInput(field, "at most 200 characters")
    return Credentials(company_id, given.public_key, given.private_key)


def _hint(public_key: str) -> str:
    return public_key[-KEY_HINT_LENGTH:] if len(public_key) > 2 * KEY_HINT_LENGTH else ""


async def _probe(info: Info, site_url: str, credentials: Credentials) -> ProbeReport:
    psa = info.context.parts.psa
    return await info.context.in_thread(probe_connection, psa.wire, site_url, credentials, psa.allowed_origins)


async def _usable(info: Info, site_url: str, credentials: Credentials) -> Address:
    """Raises: MissingRights naming every Inquire right that is denied, and what a probe raises."""
    report = await _probe(info, site_url, credentials)
    if not report.is_usable:
        raise MissingRights(report.missing)
    return report.address


def _tested(report: ProbeReport) -> ConnectionTested:
    address = report.address
    return ConnectionTested(
        site=address.site.host,
        company_id=address.company_id,
        company_name=address.company_name,
        version=address.version,
        is_cloud=address.is_cloud,
        is_usable=report.is_usable,
        rights=[
            TestedRight(right=right_type(each.right), state=each.state, refused_lists=list(each.refused))
            for each in report.rights
        ],
    )

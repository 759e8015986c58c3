"""One MSP's link to one ConnectWise: connecting, product mapping, settings, attention, disconnecting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.connection import (
    CONNECTION,
    LARGEST_MINIMUM,
    AttentionCleared,
    AttentionRaised,
    AttentionReason,
    CompaniesImported,
    Connected,
    ConnectionFact,
    ConnectionState,
    CredentialsUpdated,
    Disconnected,
    MappedProduct,
    Paused,
    ProductCreated,
    ProductMapped,
    ProductMappingConfirmed,
    ProductRuleSet,
    ProductUnmapped,
    Resumed,
    Settings,
    SettingsChanged,
    Status,
    change_settings,
    clear_attention,
    closes,
    confirm_product_mapping,
    connect,
    create_product,
    disconnect,
    map_product,
    pause,
    product_terms,
    raise_attention,
    record_import,
    require_live,
    require_pushing,
    resume,
    set_product_rule,
    unmap_product,
    update_credentials,
)
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
from domain.values import (
    BillingMonth,
    Component,
    DriftPolicy,
    LeftBehind,
    PlanComponent,
    PlanId,
    ProductTerms,
    PsaProductId,
    Rule,
    RunId,
    Tenant,
)
from tests.domain.story import given

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
NOVEMBER = BillingMonth(2026, 11)
TENANT = Tenant("na.example", "acme")
ELSEWHERE = Tenant("eu.example", "acme")
LICENSES = PlanComponent(PlanId("core"), Component.LICENSE)
SERVERS = PlanComponent(PlanId("core"), Component.SERVER)
LITE = PlanComponent(PlanId("lite"), Component.LICENSE)
SEATS, NODES = PsaProductId(20), PsaProductId(10)
KEYS_BAD = AttentionRaised(AttentionReason.WRONG_KEYS, "401")


def connected(number: int = 1, at: datetime = NOW, tenant: Tenant = TENANT) -> Connected:
    return Connected(number, tenant, "https://na.example", "Acme", "…1234", at)


def mapped(item: PlanComponent, product: PsaProductId = SEATS, at: datetime = NOW) -> ProductMapped:
    return ProductMapped(item, product, f"P-{product}", f"Product {product}", LeftBehind.ZERO, at)


def imported(run: str) -> CompaniesImported:
    return CompaniesImported(RunId(run), (1,), (2,), companies=5, agreements=4, new=3, changed=2, gone=1)


def folded(*facts: ConnectionFact) -> ConnectionState:
    return given(CONNECTION, *facts).state


# --- connecting ------------------------------------------------------------------------------------------------


def test_the_first_connection_has_number_1() -> None:
    state = (
        given(CONNECTION)
        .when(connect, tenant=TENANT, site_url="https://na.example", company_name="Acme", key_hint="…1234", now=NOW)
        .then(connected(1))
    )

    assert state.status == Status.SETUP
    assert require_live(state).tenant == TENANT


def test_connecting_again_counts_on_and_starts_without_mappings_but_keeps_settings() -> None:
    careful = Settings(drift_policy=DriftPolicy.HOLD)
    before = (
        connected(1),
        SettingsChanged(careful),
        mapped(LICENSES),
        ProductRuleSet(SEATS, Rule.PEAK, 5),
        ProductMappingConfirmed(),
        imported("r-1"),
        KEYS_BAD,
        Paused(),
        Disconnected(1),
    )

    state = (
        given(CONNECTION, *before)
        .when(connect, tenant=ELSEWHERE, site_url="https://na.example", company_name="Acme", key_hint="…1234", now=NOW)
        .then(connected(2, tenant=ELSEWHERE))
    )

    live = require_live(state)
    assert ConnectionState(version=10, number=2, live=live, settings=careful, last_import=imported("r-1")) == state


def test_a_second_connection_beside_a_live_one_is_refused() -> None:
    given(CONNECTION, connected()).when(
        connect, tenant=ELSEWHERE, site_url="https://eu.example", company_name="Acme", key_hint="…9", now=NOW
    ).then(AlreadyConnected(TENANT))


def test_new_keys_of_the_same_tenant_replace_the_old_and_keep_the_mappings() -> None:
    state = (
        given(CONNECTION, connected(), mapped(LICENSES))
        .when(update_credentials, tenant=TENANT, key_hint="…5678")
        .then(CredentialsUpdated("…5678"))
    )

    assert require_live(state).key_hint == "…5678"
    assert {LICENSES: MappedProduct(SEATS, "P-20", "Product 20")} == state.products


def test_new_keys_end_an_attention() -> None:
    state = (
        given(CONNECTION, connected(), mapped(LICENSES), ProductMappingConfirmed(), KEYS_BAD)
        .when(update_credentials, tenant=TENANT, key_hint="…5678")
        .then(CredentialsUpdated("…5678"), AttentionCleared())
    )

    assert state.status == Status.ACTIVE


def test_keys_of_another_tenant_are_refused() -> None:
    given(CONNECTION, connected()).when(update_credentials, tenant=ELSEWHERE, key_hint="…5678").then(
        DifferentTenant(TENANT, ELSEWHERE)
    )


def test_disconnecting_ends_everything_but_settings_and_the_last_filter() -> None:
    careful = Settings(hold_days=3)
    before = (connected(), SettingsChanged(careful), mapped(LICENSES), imported("r-1"), KEYS_BAD, Paused())

    state = given(CONNECTION, *before).when(disconnect).then(Disconnected(1))

    assert ConnectionState(version=7, number=1, settings=careful, last_import=imported("r-1")) == state
    assert state.status == Status.NOT_CONNECTED


def test_without_a_connection_nothing_of_it_can_be_changed() -> None:
    for nothing in (given(CONNECTION), given(CONNECTION, connected(), Disconnected(1))):
        nothing.when(update_credentials, tenant=TENANT, key_hint="…5678").then(NotConnected())
        nothing.when(create_product, ProductCreated(SEATS, "SEAT", "Seats", 1, 2)).then(NotConnected())
        nothing.when(
            map_product,
            LICENSES,
            product=SEATS,
            identifier="SEAT",
            description="Seats",
            left_behind=LeftBehind.ZERO,
            now=NOW,
        ).then(NotConnected())
        nothing.when(unmap_product, LICENSES, left_behind=LeftBehind.ZERO).then(NotConnected())
        nothing.when(set_product_rule, SEATS, rule=Rule.PEAK, minimum=0).then(NotConnected())
        nothing.when(confirm_product_mapping, ()).then(NotConnected())
        nothing.when(record_import, imported("r-1")).then(NotConnected())
        nothing.when(pause).then(NotConnected())
        nothing.when(resume).then(NotConnected())
        nothing.when(disconnect).then(NotConnected())
        nothing.when(raise_attention, AttentionReason.WRONG_KEYS, "401").then()
        nothing.when(clear_attention).then()
        with pytest.raises(NotConnected):
            require_pushing(nothing.state)


# --- products --------------------------------------------------------------------------------------------------


def test_a_created_product_is_recorded_and_not_mapped_yet() -> None:
    product = ProductCreated(SEATS, "SEAT", "Seats", 1, 2)

    state = given(CONNECTION, connected()).when(create_product, product).then(product)

    assert state.products == {}


def test_a_plan_component_is_mapped_to_one_product() -> None:
    state = (
        given(CONNECTION, connected(), mapped(LICENSES, SEATS))
        .when(
            map_product,
            LICENSES,
            product=NODES,
            identifier="P-10",
            description="Product 10",
            left_behind=LeftBehind.ZERO,
            now=NOW,
        )
        .then(mapped(LICENSES, NODES))
    )

    assert {LICENSES: MappedProduct(NODES, "P-10", "Product 10")} == state.products


def test_mapping_what_is_mapped_so_already_changes_nothing() -> None:
    given(CONNECTION, connected(), mapped(LICENSES)).when(
        map_product,
        LICENSES,
        product=SEATS,
        identifier="renamed",
        description="renamed",
        left_behind=LeftBehind.UNTOUCHED,
        now=NOW,
    ).then()


def test_unmapping_leaves_the_other_components_of_the_product() -> None:
    state = (
        given(CONNECTION, connected(), mapped(LICENSES), mapped(LITE))
        .when(unmap_product, LITE, left_behind=LeftBehind.UNTOUCHED)
        .then(ProductUnmapped(LITE, LeftBehind.UNTOUCHED))
    )

    assert list(state.products) == [LICENSES]


def test_a_component_without_a_product_can_not_be_unmapped() -> None:
    given(CONNECTION, connected(), mapped(LICENSES)).when(unmap_product, SERVERS, left_behind=LeftBehind.ZERO).then(
        ProductNotMapped(SERVERS.plan, SERVERS.component)
    )


def test_rule_and_minimum_belong_to_the_product_of_all_its_components() -> None:
    state = (
        given(CONNECTION, connected(), mapped(SERVERS, NODES), mapped(LITE), mapped(LICENSES))
        .when(set_product_rule, SEATS, rule=Rule.AVERAGE, minimum=LARGEST_MINIMUM)
        .then(ProductRuleSet(SEATS, Rule.AVERAGE, LARGEST_MINIMUM))
    )

    expected = (
        ProductTerms(NODES, (SERVERS,), Rule.CURRENT, 0),
        ProductTerms(SEATS, (LICENSES, LITE), Rule.AVERAGE, LARGEST_MINIMUM),
    )
    assert expected == product_terms(state)


def test_a_rule_that_holds_already_changes_nothing() -> None:
    given(CONNECTION, connected(), mapped(LICENSES)).when(set_product_rule, SEATS, rule=Rule.CURRENT, minimum=0).then()
    given(CONNECTION, connected(), mapped(LICENSES), ProductRuleSet(SEATS, Rule.PEAK, 3)).when(
        set_product_rule, SEATS, rule=Rule.PEAK, minimum=3
    ).then()


def test_a_product_that_nothing_is_mapped_to_has_no_rule() -> None:
    given(CONNECTION, connected(), mapped(LICENSES, SEATS)).when(
        set_product_rule, NODES, rule=Rule.PEAK, minimum=0
    ).then(UnknownProduct(NODES))


@pytest.mark.parametrize("minimum", [-1, LARGEST_MINIMUM + 1])
def test_a_minimum_outside_its_bounds_is_refused(minimum: int) -> None:
    given(CONNECTION, connected(), mapped(LICENSES)).when(
        set_product_rule, SEATS, rule=Rule.PEAK, minimum=minimum
    ).then(InvalidInput("minimum", "0 to 1000000 units"))


def test_a_mapping_of_every_component_in_use_can_be_confirmed_once() -> None:
    setup = given(CONNECTION, connected(), mapped(LICENSES), mapped(SERVERS))

    state = setup.when(confirm_product_mapping, [SERVERS, LICENSES, LICENSES]).then(ProductMappingConfirmed())

    assert state.status == Status.ACTIVE
    given(CONNECTION, connected(), mapped(LICENSES), ProductMappingConfirmed()).when(
        confirm_product_mapping, [LICENSES]
    ).then()


def test_a_component_in_use_without_a_product_keeps_the_mapping_incomplete() -> None:
    given(CONNECTION, connected(), mapped(LICENSES)).when(
        confirm_product_mapping, [SERVERS, LITE, LICENSES, SERVERS]
    ).then(ProductMappingIncomplete((SERVERS, LITE)))
    given(CONNECTION, connected()).when(confirm_product_mapping, []).then(ProductMappingIncomplete(()))


# --- imports and settings --------------------------------------------------------------------------------------


def test_an_import_run_is_recorded_once() -> None:
    state = given(CONNECTION, connected(), imported("r-1")).when(record_import, imported("r-2")).then(imported("r-2"))

    assert imported("r-2") == state.last_import
    given(CONNECTION, connected(), imported("r-1")).when(record_import, imported("r-1")).then()


def test_settings_are_recorded_whole_and_only_when_they_change() -> None:
    widest = Settings(DriftPolicy.KEEP, hold_days=27, drop_guard_percent=100, drop_guard_units=0, parallel_requests=16)

    state = given(CONNECTION).when(change_settings, widest).then(SettingsChanged(widest))

    assert widest == state.settings
    given(CONNECTION, SettingsChanged(widest)).when(change_settings, widest).then()


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (Settings(hold_days=-1), InvalidInput("hold_days", "0 to 27")),
        (Settings(hold_days=28), InvalidInput("hold_days", "0 to 27")),
        (Settings(drop_guard_percent=-1), InvalidInput("drop_guard_percent", "0 to 100")),
        (Settings(drop_guard_percent=101), InvalidInput("drop_guard_percent", "0 to 100")),
        (Settings(drop_guard_units=-1), InvalidInput("drop_guard_units", "0 to 1000000")),
        (Settings(drop_guard_units=1_000_001), InvalidInput("drop_guard_units", "0 to 1000000")),
        (Settings(parallel_requests=0), InvalidInput("parallel_requests", "1 to 16")),
        (Settings(parallel_requests=17), InvalidInput("parallel_requests", "1 to 16")),
    ],
)
def test_a_setting_outside_its_bounds_is_named(settings: Settings, refusal: InvalidInput) -> None:
    given(CONNECTION, connected()).when(change_settings, settings).then(refusal)


# --- status ----------------------------------------------------------------------------------------------------


def test_attention_stands_before_paused_and_paused_before_active() -> None:
    active = (connected(), mapped(LICENSES), ProductMappingConfirmed())

    assert folded(*active).status == Status.ACTIVE
    assert folded(*active, Paused()).status == Status.PAUSED
    assert folded(*active, Paused(), KEYS_BAD).status == Status.ATTENTION
    assert folded(*active, Paused(), KEYS_BAD, AttentionCleared()).status == Status.PAUSED
    assert folded(*active, Paused(), KEYS_BAD, AttentionCleared(), Resumed()).status == Status.ACTIVE


def test_an_attention_is_raised_once_for_one_reason() -> None:
    raised = given(CONNECTION, connected(), KEYS_BAD)

    raised.when(raise_attention, AttentionReason.WRONG_KEYS, "401").then()
    raised.when(raise_attention, AttentionReason.SITE_UNREACHABLE, "no answer").then(
        AttentionRaised(AttentionReason.SITE_UNREACHABLE, "no answer")
    )


def test_an_attention_is_cleared_once() -> None:
    given(CONNECTION, connected(), KEYS_BAD).when(clear_attention).then(AttentionCleared())
    given(CONNECTION, connected()).when(clear_attention).then()


def test_pausing_and_resuming_twice_is_once() -> None:
    given(CONNECTION, connected()).when(pause).then(Paused())
    given(CONNECTION, connected(), Paused()).when(pause).then()
    given(CONNECTION, connected(), Paused()).when(resume).then(Resumed())
    given(CONNECTION, connected()).when(resume).then()


def test_only_an_active_connection_pushes() -> None:
    active = folded(connected(), mapped(LICENSES), ProductMappingConfirmed())

    assert active.live == require_pushing(active)
    with pytest.raises(ConnectionIsNotActive) as refused:
        require_pushing(replace(active, is_paused=True))
    assert ConnectionIsNotActive("PAUSED") == refused.value


# --- which months are closed -----------------------------------------------------------------------------------


def test_a_month_is_closed_when_it_ended_while_connected_and_mapped_in_whatever_status() -> None:
    before_the_end = NOVEMBER.ends_at - timedelta(microseconds=1)
    facts = (connected(at=before_the_end), mapped(LICENSES, at=before_the_end))

    assert closes(folded(*facts), NOVEMBER)
    assert closes(folded(*facts, Paused()), NOVEMBER)
    assert closes(folded(*facts, KEYS_BAD), NOVEMBER)


def test_a_month_that_ended_before_the_connection_is_not_closed() -> None:
    facts = (connected(at=NOVEMBER.ends_at), mapped(LICENSES, at=NOVEMBER.ends_at))

    assert not closes(folded(*facts), NOVEMBER)
    assert closes(folded(*facts), NOVEMBER.next())


def test_a_product_has_to_be_mapped_before_the_closing_instant() -> None:
    half_past = NOVEMBER.ends_at + timedelta(minutes=30)

    assert closes(folded(connected(), mapped(LICENSES, at=half_past - timedelta(microseconds=1))), NOVEMBER)
    assert not closes(folded(connected(), mapped(LICENSES, at=half_past)), NOVEMBER)


def test_a_later_mapping_does_not_forget_the_first_one() -> None:
    facts = (connected(), mapped(LICENSES), mapped(SERVERS, NODES, NOVEMBER.ends_at + timedelta(days=1)))

    assert closes(folded(*facts), NOVEMBER)


def test_nothing_is_closed_without_connection_or_products() -> None:
    assert not closes(folded(), NOVEMBER)
    assert not closes(folded(connected()), NOVEMBER)
    assert not closes(folded(connected(), mapped(LICENSES), Disconnected(1)), NOVEMBER)
    assert not closes(folded(connected(), mapped(LICENSES), ProductUnmapped(LICENSES, LeftBehind.ZERO)), NOVEMBER)

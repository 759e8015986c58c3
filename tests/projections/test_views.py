"""What each view shows after which facts."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise, product

import pytest

from domain import addition as additions
from domain import company_mapping as mappings
from domain import connection as connections
from domain import run as runs
from domain.addition import Answer, HoldReason, Problem, PushKind
from domain.connection import AttentionReason, Settings
from domain.organization import ORGANIZATION, billed_timelines, standings
from domain.quantity_rules import Step, add_timelines
from domain.streams import organization_stream
from domain.values import (
    Component,
    DriftPolicy,
    LeftBehind,
    LicenseType,
    OrganizationId,
    PsaAgreementId,
    Rule,
    RunId,
)
from journal.application import Journal
from projections.exceptions import ATTENTION_CURES, CURES, HELD_CURES, cure_of
from projections.follower import fold_until
from projections.names import name_key
from tests.projections.dump import rows
from tests.projections.story import (
    ACME,
    AGREEMENT,
    CORE,
    CORE_LICENSE,
    CORE_SERVER,
    ELSEWHERE,
    EPOCH,
    LITE,
    NODES,
    NOVEMBER,
    NOW,
    OCTOBER,
    ORGANIZATIONS,
    OTHER,
    SEATS,
    Ledger,
    tell,
)


@pytest.fixture
def acme(journal: Journal) -> Ledger:
    return Ledger(journal)


# --- connections -------------------------------------------------------------------------------------------------


def test_a_connection_shows_its_status_and_what_needs_attention(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.on_connection(connections.change_settings, Settings(DriftPolicy.HOLD, hold_days=2))
    acme.on_connection(connections.raise_attention, AttentionReason.WRONG_KEYS, "refused since noon")

    fold_until(ledger)

    assert rows(ledger, "connections", "status", "number", "site", "attention_reason", "drift_policy", "hold_days") == [
        ("ATTENTION", 1, "na.psa.example", "WRONG_KEYS", "HOLD", 2)
    ]
    assert rows(ledger, "exceptions", "exception", "problem", "reason", "detail", "site") == [
        ("connection", "ATTENTION", "WRONG_KEYS", "refused since noon", "na.psa.example")
    ]


def test_disconnecting_leaves_the_number_and_the_settings(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.map_product(CORE_LICENSE, SEATS)
    acme.on_connection(connections.change_settings, Settings(hold_days=3))
    acme.on_connection(connections.raise_attention, AttentionReason.WRONG_KEYS, "refused")
    fold_until(ledger)

    acme.on_connection(connections.disconnect)
    fold_until(ledger)

    assert rows(ledger, "connections", "status", "number", "site", "key_hint", "has_products", "hold_days") == [
        ("NOT_CONNECTED", 1, None, None, False, 3)
    ]
    assert rows(ledger, "product_mappings", "plan") == []
    assert rows(ledger, "exceptions", "exception") == []


def test_plan_components_on_one_product_share_its_rule(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.map_product(CORE_LICENSE, SEATS)
    acme.map_product(CORE_SERVER, SEATS)
    fold_until(ledger)

    acme.on_connection(connections.set_product_rule, SEATS, rule=Rule.PEAK, minimum=5)
    acme.on_connection(connections.unmap_product, CORE_SERVER, left_behind=LeftBehind.ZERO)
    acme.map_product(CORE_SERVER, NODES)
    fold_until(ledger)

    assert rows(ledger, "product_mappings", "component", "product", "rule", "minimum") == [
        ("LICENSE", 10, "PEAK", 5),
        ("SERVER", 20, "CURRENT", 0),
    ]


# --- organizations and their usage -------------------------------------------------------------------------------


def test_an_organization_shows_what_it_has_now(acme: Ledger, ledger: str) -> None:
    acme.create("globex", name="Globex  Ünited")
    acme.licenses("globex", 12)
    acme.licenses("globex", 2, Component.SERVER)
    acme.create("trial", LITE, LicenseType.TRIAL)
    acme.licenses("trial", 7)

    fold_until(ledger)

    assert rows(ledger, "organizations", "organization", "name_key", "plan", "licenses", "servers", "created_at") == [
        ("globex", "globex united", "network-core", 12, 2, EPOCH),
        ("trial", "trial", "network-lite", 7, None, EPOCH),
    ]
    assert rows(ledger, "usage_to_date", "organization", "plan", "component", "counted", "billed", "since") == [
        ("globex", "network-core", "LICENSE", 12, 12, NOW),
        ("globex", "network-core", "SERVER", 2, 2, NOW),
        ("trial", "network-lite", "LICENSE", 7, 0, NOW),
    ]


def test_usage_keeps_every_plan_that_lasted_and_forgets_one_that_never_did(acme: Ledger, ledger: str) -> None:
    acme.create("globex")
    acme.licenses("globex", 12, at=EPOCH + timedelta(days=1))
    acme.plan("globex", LITE, at=NOW)
    fold_until(ledger)
    assert rows(ledger, "usage_to_date", "plan", "component", "billed", "since") == [
        ("network-core", "LICENSE", 0, NOW),
        ("network-core", "SERVER", 0, EPOCH),
        ("network-lite", "LICENSE", 12, NOW),
    ]

    acme.plan("globex", CORE, at=NOW)
    fold_until(ledger)

    assert rows(ledger, "usage_to_date", "plan", "component", "billed", "since") == [
        ("network-core", "LICENSE", 12, EPOCH + timedelta(days=1)),
        ("network-core", "SERVER", 0, EPOCH),
    ]


def test_a_late_change_shows_from_when_the_quantity_is_in_force(acme: Ledger, ledger: str) -> None:
    acme.create("globex")
    acme.licenses("globex", 5)
    acme.licenses("globex", 5, at=NOW - timedelta(days=3))

    fold_until(ledger)

    assert rows(ledger, "usage_to_date", "component", "counted", "since") == [
        ("LICENSE", 5, NOW - timedelta(days=3)),
        ("SERVER", 0, EPOCH),
    ]


def test_a_correction_replaces_the_closed_usage(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.map_product(CORE_LICENSE, SEATS)
    acme.create("globex")
    acme.map_company("globex")
    acme.licenses("globex", 12, at=EPOCH)
    acme.close_month("globex")
    fold_until(ledger)
    columns = ("item", "version", "agreement", "product", "plan", "component", "quantity", "rule")
    assert rows(ledger, "month_usage", "month", *columns) == [
        ("2026-10", "network-core:SERVER", 1, 700, None, "network-core", "SERVER", Decimal("0.00"), None),
        ("2026-10", "product:10", 1, 700, 10, None, None, Decimal("12.00"), "CURRENT"),
    ]

    acme.licenses("globex", 15, at=OCTOBER.begins_at)
    fold_until(ledger)

    assert rows(ledger, "month_usage", "item", "version", "quantity") == [
        ("network-core:SERVER", 2, Decimal("0.00")),
        ("product:10", 2, Decimal("15.00")),
    ]
    assert rows(ledger, "usage_corrections", "item", "version", "old_quantity", "quantity") == [
        ("product:10", 2, Decimal("12.00"), Decimal("15.00")),
    ]


def test_a_day_tells_by_how_much_the_billed_licences_of_all_moved(acme: Ledger, ledger: str) -> None:
    for name, license_type in (("globex", LicenseType.PAID), ("hooli", LicenseType.PAID), ("trial", LicenseType.TRIAL)):
        acme.create(name, license_type=license_type)
        acme.licenses(name, 10, at=EPOCH + timedelta(days=1))
    acme.licenses("globex", 4, Component.SERVER)
    acme.licenses("globex", 3)
    Ledger(acme.journal, OTHER).create("globex")
    Ledger(acme.journal, OTHER).licenses("globex", 100)

    fold_until(ledger)

    assert rows(ledger, "licenses_by_day", "msp", "day", "moved") == [
        ("acme", (EPOCH + timedelta(days=1)).date(), 20),
        ("acme", NOW.date(), -7),
        ("other", NOW.date(), 100),
    ]


def test_a_late_change_moves_the_day_that_it_is_effective_on_and_what_came_after(acme: Ledger, ledger: str) -> None:
    acme.create("globex")
    acme.licenses("globex", 5)
    fold_until(ledger)

    acme.licenses("globex", 5, at=NOW - timedelta(days=3))
    fold_until(ledger)

    assert rows(ledger, "licenses_by_day", "day", "moved") == [((NOW - timedelta(days=3)).date(), 5)]


@pytest.mark.parametrize("seed", range(40, 44))
def test_days_add_up_to_what_every_organization_had_then(journal: Journal, ledger: str, seed: int) -> None:
    tell(journal, seed, acts=120)
    fold_until(ledger)
    tell(journal, seed + 100, acts=120)
    fold_until(ledger)

    expected: Counter[tuple[str, date]] = Counter()
    for msp, organization in product((ACME, OTHER), ORGANIZATIONS):
        stream = organization_stream(msp, OrganizationId(organization))
        timelines = billed_timelines(standings(journal.state(ORGANIZATION, stream).state))
        licenses = add_timelines(each for item, each in timelines.items() if item.component is Component.LICENSE)
        for before, step in pairwise((Step(EPOCH, 0), *licenses)):
            expected[(msp, step.at.date())] += step.quantity - before.quantity

    assert rows(ledger, "licenses_by_day", "msp", "day", "moved") == sorted(
        (*key, moved) for key, moved in expected.items() if moved
    )


# --- company mappings --------------------------------------------------------------------------------------------


def test_a_mapping_is_gone_with_its_connection_and_an_exclusion_stays(acme: Ledger, ledger: str) -> None:
    acme.connect()
    for organization in ("globex", "initech", "hooli"):
        acme.create(organization)
    acme.map_company("globex")
    acme.map_company("initech", PsaAgreementId(701))
    acme.exclude("hooli", "a friend of the house")
    acme.unmap_company("initech")
    fold_until(ledger)
    assert rows(ledger, "company_mappings", "organization", "agreement", "first_mapped_at", "excluded_because") == [
        ("globex", 700, NOW, None),
        ("hooli", None, None, "a friend of the house"),
    ]

    acme.on_connection(connections.disconnect)
    acme.connect()
    fold_until(ledger)

    assert rows(ledger, "company_mappings", "organization", "excluded_because") == [("hooli", "a friend of the house")]


def test_a_mapping_under_another_number_does_not_come_back(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.create("globex")
    acme.map_company("globex")
    acme.on_connection(connections.disconnect)
    acme.connect(ELSEWHERE)
    acme.exclude("globex")
    acme.on_mapping("globex", mappings.include_organization)
    fold_until(ledger)
    assert rows(ledger, "company_mappings", "organization") == []

    acme.map_company("globex", PsaAgreementId(800))
    fold_until(ledger)

    assert rows(ledger, "company_mappings", "connection_number", "agreement") == [(2, 800)]


# --- additions and exceptions ------------------------------------------------------------------------------------


def test_an_addition_shows_what_was_written_and_what_is_under_way(acme: Ledger, ledger: str) -> None:
    acme.connect()
    stream = acme.addition()
    first = acme.push(stream, 12)
    second = acme.start(stream, 15, 13, kind=PushKind.INCREMENTAL)

    fold_until(ledger)

    assert rows(ledger, "additions", "base", "wrote", "is_fresh", "open_push", "last_push", "last_target") == [
        (Decimal("12.00"), Decimal("12.00"), False, second, first, Decimal("12.00"))
    ]
    assert rows(ledger, "additions", "addition", "agreement", "product", "drift_found") == [
        (stream.id, 700, 10, Decimal("13.00"))
    ]


def test_instants_stay_while_what_they_belong_to_stays(acme: Ledger, ledger: str) -> None:
    acme.connect()
    stream = acme.addition()
    acme.push(stream, 40)
    acme.push(stream, 40, 40, kind=PushKind.FINAL, month=OCTOBER)
    acme.start(stream, 3, 40, kind=PushKind.OVERWRITE)
    fold_until(ledger)
    instants = ("last_settled_at", "last_position", "held_since", "final_verified_at", "final_target", "final_month")
    before = rows(ledger, "additions", *instants)
    assert None not in before[0]

    acme.on_addition(stream, additions.confirm_proration)
    fold_until(ledger)
    assert before == rows(ledger, "additions", *instants)

    acme.push(stream, 41, 40, kind=PushKind.INCREMENTAL)
    fold_until(ledger)
    (after,) = rows(ledger, "additions", *instants)
    assert after[2:] == (None, *before[0][3:])
    assert after[:2] != before[0][:2]


def test_a_hold_is_an_exception_until_it_is_answered(acme: Ledger, ledger: str) -> None:
    acme.connect()
    stream = acme.addition()
    acme.push(stream, 40)
    held = acme.start(stream, 3, 40, kind=PushKind.OVERWRITE)
    fold_until(ledger)
    assert rows(ledger, "exceptions", "exception", "problem", "reason", "push", "found", "wanted", "detail") == [
        (
            f"{stream.id}:held",
            "HELD",
            "DROP_GUARD",
            held,
            Decimal("40.00"),
            Decimal("3.00"),
            "the quantity would drop from 40.00 to 3.00",
        )
    ]

    acme.on_addition(
        stream,
        lambda state: additions.approve_push(
            state, AGREEMENT, SEATS, push=held, answer=Answer.APPROVE, found=Decimal(40), target=Decimal(3)
        ),
    )
    fold_until(ledger)

    assert rows(ledger, "exceptions", "exception") == []
    assert rows(ledger, "additions", "held_push", "is_approved") == [(held, True)]


def test_an_exception_keeps_the_instant_it_began_and_ends_with_a_settled_push(acme: Ledger, ledger: str) -> None:
    acme.connect()
    stream = acme.addition()
    acme.push(stream, 12)
    push = acme.start(stream, 15, 12, kind=PushKind.INCREMENTAL)
    (failed,) = acme.on_addition(
        stream,
        lambda state: additions.fail_push(state, push, Problem.AGREEMENT_ENDED, "ended in May", will_retry=False),
    )
    acme.on_addition(stream, additions.confirm_proration)
    fold_until(ledger)
    assert rows(ledger, "exceptions", "exception", "problem", "push", "detail", "since", "position") == [
        (str(stream.id), "AGREEMENT_ENDED", push, "ended in May", failed.recorded_at, failed.position)
    ]

    acme.push(stream, 15, 12, kind=PushKind.INCREMENTAL)
    fold_until(ledger)

    assert rows(ledger, "exceptions", "exception") == []


def test_every_problem_has_a_cure_of_one_sentence() -> None:
    texts = [
        *(cure_of(problem) for problem in Problem),
        *(cure_of("HELD", reason) for reason in HoldReason),
        *(cure_of("ATTENTION", reason) for reason in AttentionReason),
    ]

    assert len(set(texts)) == len(CURES) + len(HELD_CURES) + len(ATTENTION_CURES)
    assert [text for text in texts if not text.endswith(".") or ". " in text] == []


# --- runs --------------------------------------------------------------------------------------------------------


def test_a_run_shows_its_plan_and_how_each_line_ended(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.request("sync-1", organizations=("globex",))
    other = PsaAgreementId(701)
    acme.plan_run("sync-1", (AGREEMENT, SEATS), (other, SEATS))
    acme.push(acme.addition(), 12, kind=PushKind.OVERWRITE, run=RunId("sync-1"))
    fold_until(ledger)
    assert rows(ledger, "runs", "run", "status", "lines", "organizations", "requested_by", "finished_at") == [
        ("sync-1", "RUNNING", 2, ["globex"], "ann@acme.example", None)
    ]
    assert rows(ledger, "run_lines", "ordinal", "agreement", "outcome", "outcome_target") == [
        (1, 700, "VERIFIED", Decimal("12.00")),
        (2, 701, None, None),
    ]

    acme.on_addition(
        acme.addition(other),
        lambda state: additions.refuse_push(
            state,
            kind=PushKind.OVERWRITE,
            month=NOVEMBER,
            run=RunId("sync-1"),
            problem=Problem.TWO_RUNNING,
            detail="records 5 and 6",
        ),
    )
    (finished,) = acme.on_run("sync-1", lambda state: runs.finish_run(state, {"VERIFIED": 1, "REFUSED": 1}))
    fold_until(ledger)

    assert rows(ledger, "run_lines", "ordinal", "outcome", "outcome_problem") == [
        (1, "VERIFIED", None),
        (2, "REFUSED", "TWO_RUNNING"),
    ]
    assert rows(ledger, "runs", "status", "outcomes", "requested_by", "finished_at") == [
        ("FINISHED", {"REFUSED": 1, "VERIFIED": 1}, "ann@acme.example", finished.recorded_at)
    ]


def test_runs_of_two_msps_may_have_one_name(acme: Ledger, journal: Journal, ledger: str) -> None:
    for teller in (acme, Ledger(journal, OTHER)):
        teller.connect()
        teller.request("final-2026-10")
        teller.plan_run("final-2026-10", (AGREEMENT, SEATS))

    fold_until(ledger)

    assert rows(ledger, "run_lines", "msp", "run", "agreement") == [
        ("acme", "final-2026-10", 700),
        ("other", "final-2026-10", 700),
    ]


def test_a_line_that_was_held_and_then_pushed_ends_verified(acme: Ledger, ledger: str) -> None:
    acme.connect()
    acme.push(acme.addition(), 40)
    acme.request("sync-1")
    acme.plan_run("sync-1", (AGREEMENT, SEATS))
    acme.start(acme.addition(), 3, 40, kind=PushKind.OVERWRITE, run=RunId("sync-1"))
    fold_until(ledger)
    assert rows(ledger, "run_lines", "outcome", "outcome_problem") == [("HELD", "DROP_GUARD")]

    acme.push(acme.addition(), 39, 40, kind=PushKind.OVERWRITE, run=RunId("sync-1"))
    fold_until(ledger)

    assert rows(ledger, "run_lines", "outcome", "outcome_problem") == [("VERIFIED", None)]


# --- history -----------------------------------------------------------------------------------------------------


def test_the_history_has_every_fact_under_what_it_is_about(acme: Ledger, journal: Journal, ledger: str) -> None:
    acme.connect()
    acme.map_product(CORE_LICENSE, SEATS)
    acme.create("globex")
    acme.map_company("globex")
    acme.request("sync-1")
    acme.push(acme.addition(), 12, run=RunId("sync-1"))
    acme.unmap_company("globex")
    acme.on_connection(connections.unmap_product, CORE_LICENSE, left_behind=LeftBehind.ZERO)

    fold_until(ledger)

    found = rows(ledger, "history", "position", "fact_type", "organization", "agreement", "product", "run")
    assert [row[1:] for row in found] == [
        ("connection.connected", None, None, None, None),
        ("connection.product-mapped", None, None, 10, None),
        ("organization.organization-created", "globex", None, None, None),
        ("company-mapping.company-mapped", "globex", 700, None, None),
        ("run.run-requested", None, None, None, "sync-1"),
        ("addition.addition-adopted", None, 700, 10, None),
        ("addition.push-started", "globex", 700, 10, "sync-1"),
        ("addition.usage-pushed", "globex", 700, 10, "sync-1"),
        ("company-mapping.company-unmapped", "globex", 700, None, None),
        ("connection.product-unmapped", None, None, 10, None),
    ]
    entries = journal.read(0, 100)
    assert rows(ledger, "history", "position", "entry", "subject", "role", "stream", "version", "recorded_at") == [
        (e.position, e.entry_id, e.actor.subject, e.actor.role, e.stream.id, e.version, e.recorded_at) for e in entries
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Globex", "globex"),
        ("  GLOBEX   Corp ", "globex corp"),
        ("Crème Brûlée", "creme brulee"),
        ("Straße", "strasse"),
        ("ﬁnance", "finance"),
        ("İstanbul", "istanbul"),
        ("東京", "東京"),
        ("", ""),
    ],
)
def test_names_are_searched_without_accents_case_and_blanks(name: str, key: str) -> None:
    assert key == name_key(name)

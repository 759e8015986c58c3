"""Exports: resumable anywhere, filtered without losing the proof, the same bytes every time; CSV for people."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cli import verify_export
from domain.organization import ORGANIZATION, OrganizationCreated
from domain.streams import organization_stream
from domain.values import ChangeId, LicenseType, LineId, Management, MspId, OrganizationId, PlanId
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from journal.registry import CODEC
from projections import exports
from projections.export_tables import as_csv, cell
from projections.exports import CannotExport
from projections.follower import fold_until
from projections.reads.history import HistoryFilter, matching
from tests.cli.exported import export, is_fact, tell_and_seal
from tests.databases import Template
from tests.journal.sealing import KEY, sealed, text_of
from tests.projections.story import ACME, NOW, Ledger

KEYS = verify_export.read_keys([text_of(KEY)])
FILTERS = {
    "by type": HistoryFilter(fact_type="addition.usage-pushed"),
    "by organization": HistoryFilter(organization="globex"),
    "by product": HistoryFilter(product=101),
    "by role": HistoryFilter(role="WORKER"),
    "by nothing that there is": HistoryFilter(subject="nobody"),
}


@pytest.fixture(scope="module")
def told(template: Template) -> Iterator[str]:
    """The URL of a ledger of two MSPs, sealed; for tests that only read it, or add to its end."""
    with template.copy() as url:
        tell_and_seal(url, acts=220)
        yield url


@pytest.fixture
def journal_told(told: str) -> Iterator[Journal]:
    with Journal(told, CODEC) as opened:
        yield opened


@pytest.fixture
def connection(told: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(told, autocommit=True, options="-c TimeZone=UTC") as opened:
        yield opened


def table(connection: psycopg.Connection[Any], msp: MspId, wanted: HistoryFilter = exports.EVERYTHING) -> list[Any]:
    asked = exports.bounds(connection, msp, wanted, is_table=True)
    return list(csv.DictReader(io.StringIO(b"".join(as_csv(connection, asked)).decode(), newline="")))


def test_the_lines_hold_the_stored_bytes_of_every_fact_of_the_msp(told: str, journal_told: Journal) -> None:
    lines = export(told)

    raw = journal_told.raw(0, 10_000, msp=ACME)
    facts = [line for line in lines if is_fact(line)]
    assert list(range(1, len(raw) + 1)) == [json.loads(line)["number"] for line in facts]
    assert all(b'"fact":' + each.state + b',"number"' in line for each, line in zip(raw, facts, strict=True))


def test_two_exports_of_the_same_bounds_are_the_same_bytes(told: str, journal_told: Journal) -> None:
    before = export(told)
    until = json.loads(before[0])["export"]["until"]
    Ledger(journal_told).create("one-more")
    sealed(told)
    fold_until(told)

    assert before == export(told, up_to=until)
    assert len(before) < len(export(told))


@pytest.mark.parametrize("wanted", [exports.EVERYTHING, *FILTERS.values()], ids=["everything", *FILTERS])
def test_an_export_broken_off_anywhere_goes_on_to_the_same_bytes(told: str, wanted: HistoryFilter) -> None:
    whole = export(told, wanted=wanted)
    until = json.loads(whole[0])["export"]["until"]
    facts = [place for place, line in enumerate(whole) if is_fact(line)]

    for place in facts[:: max(1, len(facts) // 12)]:
        number = json.loads(whole[place])["number"]
        rest = export(told, wanted=wanted, up_to=until, resume_after=number)

        assert whole == [*whole[: place + 1], *rest]


def test_an_export_can_not_go_on_after_a_fact_that_is_not_in_it(told: str) -> None:
    mapped = HistoryFilter(fact_type="connection.product-mapped")
    first = json.loads(next(line for line in export(told, wanted=mapped) if is_fact(line)))["number"]

    for number, wanted in ((0, exports.EVERYTHING), (10**6, exports.EVERYTHING), (first - 1, mapped)):
        with pytest.raises(CannotExport):
            export(told, wanted=wanted, resume_after=number)


@pytest.mark.parametrize("wanted", FILTERS.values(), ids=FILTERS)
def test_a_filtered_export_holds_just_the_matching_facts_and_is_provable(
    told: str, connection: psycopg.Connection[Any], wanted: HistoryFilter
) -> None:
    lines = export(told, wanted=wanted)
    proven = verify_export.verify(lines, KEYS)

    where = matching(ACME, wanted)
    matches = connection.execute(f"SELECT number FROM history h WHERE {where.sql} ORDER BY 1", where.values).fetchall()
    assert [number for (number,) in matches] == [json.loads(line)["number"] for line in lines if is_fact(line)]
    assert len(matches) == proven.facts


def test_a_filter_by_time_reaches_no_further_than_the_checkpoints_around_it(ledger: str, journal: Journal) -> None:
    instants = []
    for number in range(6):
        (entry,) = Ledger(journal).create(f"organization-{number}")
        instants.append(entry.recorded_at)
        sealed(ledger)
    fold_until(ledger)

    lines = export(ledger, wanted=HistoryFilter(since=instants[2], until=instants[4]))

    proven = verify_export.verify(lines, KEYS)
    assert (2, 4, 2, 0) == (proven.after, proven.until, proven.facts, proven.left_out)


@pytest.mark.parametrize("wanted", [exports.EVERYTHING, *FILTERS.values()], ids=["everything", *FILTERS])
def test_an_export_that_is_to_end_before_it_begins_is_empty_and_provable(told: str, wanted: HistoryFilter) -> None:
    newest = json.loads(export(told)[0])["export"]["until"]

    proven = verify_export.verify(export(told, wanted=wanted, after=newest, up_to=newest // 2), KEYS)

    assert (proven.until, 0, 0) == (proven.after, proven.facts, proven.left_out)
    assert 0 < proven.until <= newest // 2


def test_an_export_that_is_to_end_before_the_first_checkpoint_is_that_of_an_msp_without_facts(told: str) -> None:
    nothing = export(told, up_to=0)

    assert 1 == len(nothing)
    assert nothing == export(told, up_to=0, after=10**6)


def test_an_msp_without_facts_has_an_empty_export_that_proves_nothing(told: str) -> None:
    lines = export(told, MspId("nobody"))

    assert 1 == len(lines)
    with pytest.raises(verify_export.NotProven, match=r"line 2: .*nothing is signed"):
        verify_export.verify(lines, KEYS)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_table_is_a_formula_in_any_locale(first: str) -> None:
    assert f"'{first}1" == cell(f"{first}1")


def test_an_export_shows_nothing_of_other_msps(told: str) -> None:
    for line in export(told, wanted=HistoryFilter(organization="globex")):
        assert b'"msp":"other"' not in line


def test_a_row_changed_in_the_database_is_named_by_the_exports_verifier(ledger: str) -> None:
    tell_and_seal(ledger, acts=100)
    with psycopg.connect(ledger, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "UPDATE facts SET state = replace(convert_from(state, 'UTF8'), '\"role\":\"', '\"role\":\"X')::bytea"
            " WHERE notification_id = (SELECT min(notification_id) FROM facts WHERE msp = 'acme' AND"
            " notification_id > 50)"
        )
    lines = export(ledger)

    with pytest.raises(verify_export.NotProven) as bad:
        verify_export.verify(lines, KEYS)

    assert b'"role":"X' in lines[bad.value.line - 1]


def test_a_table_holds_the_same_facts_as_the_proof(told: str, connection: psycopg.Connection[Any]) -> None:
    facts = [json.loads(line) for line in export(told) if is_fact(line)]

    rows = table(connection, ACME)

    assert [(str(fact["number"]), fact["fact"]["entry_id"]) for fact in facts] == [
        (row["number"], row["entry_id"]) for row in rows
    ]
    assert [fact["fact"]["data"] for fact in facts] == [json.loads(row["data"]) for row in rows]


def test_a_table_broken_off_goes_on(told: str, connection: psycopg.Connection[Any]) -> None:
    asked = exports.bounds(connection, ACME, is_table=True)
    whole = b"".join(as_csv(connection, asked))
    number = int(whole.split(b"\r\n")[30].split(b",")[0])

    rest = b"".join(as_csv(connection, asked, number))

    assert whole.endswith(rest)
    assert whole[: -len(rest)].count(b"\r\n") == 31


def test_a_spreadsheet_takes_no_cell_for_a_formula(ledger: str, journal: Journal) -> None:
    origin = Origin(Actor("=HYPERLINK(1)", Role.ADMIN, None, "+1"), "-request", "@story")
    created = OrganizationCreated(
        ChangeId("c-1"), NOW, "Globex", LineId("network"), PlanId("core"), (), LicenseType.PAID, Management.MSP
    )
    stream = organization_stream(ACME, OrganizationId("=globex"))
    recorded = journal.execute(ORGANIZATION, stream, lambda _: (created,), origin)
    sealed(ledger)
    fold_until(ledger)

    with psycopg.connect(ledger, autocommit=True) as connection:
        (row,) = table(connection, ACME)

    assert ("'=globex", "'=HYPERLINK(1)", "'+1", "'-request", "'@story") == (
        row["organization"],
        row["subject"],
        row["user_agent"],
        row["request_id"],
        row["correlation_id"],
    )
    assert str(recorded[0].entry_id) == row["entry_id"]

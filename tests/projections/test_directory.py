"""The directory after imports: what is listed, what is new, what is gone; also when an import was interrupted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from domain.values import PsaAgreementId, PsaCompanyId, RunId
from projections.directory import (
    DirectoryAgreement,
    DirectoryCompany,
    Import,
    ImportCounts,
    finish_import,
    store_agreements,
    store_companies,
)
from tests.projections.dump import rows
from tests.projections.story import ACME, OTHER

FIRST, SECOND = Import(ACME, 1, RunId("import-1")), Import(ACME, 1, RunId("import-2"))
GLOBEX = DirectoryCompany(PsaCompanyId(1), "Globex", "Globex Ünited", 1, "Active", (4, 5), ("Client", "VIP"), False)
INITECH = DirectoryCompany(PsaCompanyId(2), "Initech", "Initech", None, None, (), (), False)
START = datetime(2026, 1, 1, tzinfo=UTC)
CONTRACT = DirectoryAgreement(
    PsaAgreementId(70), PsaCompanyId(1), "Managed", "Active", "Monthly", False, START, None, None, START, None, None
)


@pytest.fixture
def connection(ledger: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ledger, autocommit=True) as opened:
        yield opened


def test_a_first_import_lists_everything_as_new(connection: psycopg.Connection[Any], ledger: str) -> None:
    store_companies(connection, FIRST, [GLOBEX, INITECH])
    store_agreements(connection, FIRST, [CONTRACT])

    counts = finish_import(connection, FIRST)

    assert counts == ImportCounts(companies=2, agreements=1, new=3, changed=0, gone=0)
    assert rows(ledger, "directory_companies", "company", "name_key", "type_ids", "type_names", "is_gone") == [
        (1, "globex united", [4, 5], ["Client", "VIP"], False),
        (2, "initech", [], [], False),
    ]
    assert rows(ledger, "directory_agreements", "agreement", "company", "starts_at", "is_gone") == [
        (70, 1, START, False)
    ]


def test_a_second_import_tells_new_changed_and_gone_apart(connection: psycopg.Connection[Any], ledger: str) -> None:
    store_companies(connection, FIRST, [GLOBEX, INITECH])
    store_agreements(connection, FIRST, [CONTRACT])
    finish_import(connection, FIRST)
    hooli = replace(INITECH, company=PsaCompanyId(3), name="Hooli")

    store_companies(connection, SECOND, [GLOBEX, hooli])
    store_agreements(connection, SECOND, [replace(CONTRACT, status="Expired")])
    counts = finish_import(connection, SECOND)

    assert counts == ImportCounts(companies=2, agreements=1, new=1, changed=1, gone=1)
    assert rows(ledger, "directory_companies", "company", "is_gone") == [(1, False), (2, True), (3, False)]


def test_an_import_that_is_resumed_counts_nothing_twice(connection: psycopg.Connection[Any]) -> None:
    store_companies(connection, FIRST, [GLOBEX, INITECH])
    finish_import(connection, FIRST)
    changed = replace(GLOBEX, name="Globex Inc")
    hooli = replace(INITECH, company=PsaCompanyId(3), name="Hooli")

    for _ in range(2):
        store_companies(connection, SECOND, [changed, hooli])
    once = finish_import(connection, SECOND)
    store_companies(connection, SECOND, [changed, hooli])
    twice = finish_import(connection, SECOND)

    assert once == twice == ImportCounts(companies=2, agreements=0, new=1, changed=1, gone=1)


def test_a_company_that_stands_on_two_pages_is_one(connection: psycopg.Connection[Any], ledger: str) -> None:
    store_companies(connection, FIRST, [GLOBEX, GLOBEX])
    store_companies(connection, FIRST, [GLOBEX])

    assert finish_import(connection, FIRST) == ImportCounts(1, 0, 1, 0, 0)


def test_a_gone_company_that_comes_back_is_new(connection: psycopg.Connection[Any]) -> None:
    store_companies(connection, FIRST, [GLOBEX, INITECH])
    finish_import(connection, FIRST)
    store_companies(connection, SECOND, [INITECH])
    assert finish_import(connection, SECOND) == ImportCounts(1, 0, 0, 0, 1)
    third = replace(SECOND, run=RunId("import-3"))

    store_companies(connection, third, [GLOBEX, INITECH])

    assert finish_import(connection, third) == ImportCounts(2, 0, 1, 0, 0)


def test_another_connection_begins_a_directory_of_its_own(connection: psycopg.Connection[Any], ledger: str) -> None:
    store_companies(connection, FIRST, [GLOBEX, INITECH])
    store_companies(connection, replace(FIRST, msp=OTHER), [GLOBEX])
    finish_import(connection, FIRST)
    reconnected = Import(ACME, 2, RunId("import-9"))

    store_companies(connection, reconnected, [GLOBEX])
    counts = finish_import(connection, reconnected)

    assert counts == ImportCounts(companies=1, agreements=0, new=1, changed=0, gone=0)
    assert rows(ledger, "directory_companies", "msp", "company", "connection_number") == [
        ("acme", 1, 2),
        ("other", 1, 1),
    ]


def test_an_empty_page_stores_nothing(connection: psycopg.Connection[Any]) -> None:
    store_companies(connection, FIRST, [])
    store_agreements(connection, FIRST, [])

    assert finish_import(connection, FIRST) == ImportCounts(0, 0, 0, 0, 0)

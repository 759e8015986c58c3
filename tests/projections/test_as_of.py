"""What was true at an instant equals the views of a system whose journal was cut there; differences lead from one
instant to another.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from journal.application import Journal
from journal.as_of import AsOf, applied, as_of, difference, facets
from journal.stored_form import instant_text
from projections.company_mappings import CompanyMappings
from projections.connections import Connections
from projections.follower import fold_until
from projections.product_mappings import ProductMappings
from projections.usage_to_date import UsageToDate
from tests.projections.story import ACME, OTHER, Ledger, tell

SETTINGS = ("drift_policy", "hold_days", "drop_guard_percent", "drop_guard_units", "parallel_requests")


def rows(url: str, table: str, msp: str) -> Iterator[dict[str, Any]]:
    with psycopg.connect(url, options="-c TimeZone=UTC", row_factory=dict_row) as connection:
        yield from connection.execute(f"SELECT * FROM {table} WHERE msp = %s".encode(), (msp,))


def shown_by_views(url: str, msp: str) -> dict[tuple[str, ...], Any]:
    """What the views show, said as facets."""
    found: dict[tuple[str, ...], Any] = {}
    for row in rows(url, "connections", msp):
        names = ("status", "number", "is_confirmed", "site", "company_id", "site_url", "company_name", "key_hint")
        shown = {name: row[name] for name in (*names, "attention_reason", "attention_detail", *SETTINGS)}
        shown["connected_at"] = row["connected_at"] and instant_text(row["connected_at"])
        found |= {("connection", "", name): value for name, value in shown.items()}
    for row in rows(url, "product_mappings", msp):
        for name in ("product", "identifier", "description", "rule", "minimum"):
            found[("product mapping", f"{row['plan']}/{row['component']}", name)] = row[name]
    plans = {}
    for row in rows(url, "organizations", msp):
        plans[row["organization"]] = row["plan"]
        for name in ("name", "plan", "license_type", "management", "is_closed"):
            found[("organization", row["organization"], name)] = row[name]
    for row in rows(url, "usage_to_date", msp):
        if row["plan"] == plans[row["organization"]]:
            for name in ("counted", "billed"):
                found[("organization", row["organization"], f"{row['component'].lower()}_{name}")] = row[name]
    for row in rows(url, "company_mappings", msp):
        shown = {name: row[name] for name in ("company", "company_name", "agreement", "agreement_name")}
        shown |= {"excluded_because": row["excluded_because"]}
        shown["mapped_at"] = row["mapped_at"] and instant_text(row["mapped_at"])
        found |= {("organization", row["organization"], name): value for name, value in shown.items()}
    return {path: value for path, value in found.items() if value is not None}


VIEWS = (Connections, ProductMappings, CompanyMappings, UsageToDate)


@pytest.mark.parametrize("seed", range(3))
def test_as_of_any_instant_equals_the_views_of_a_journal_cut_there(ledger: str, journal: Journal, seed: int) -> None:
    tell(journal, seed=seed, acts=160)

    compare_with_views(ledger, journal, some_instants(journal, seed, 8))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 30))
def test_as_of_and_differences_hold_for_instants_by_the_hundred(ledger: str, journal: Journal, seed: int) -> None:
    tell(journal, seed=seed, acts=200)
    instants = some_instants(journal, seed, 20)

    compare_with_views(ledger, journal, instants)
    stood = [facets(as_of(journal, ACME, at)) for at in instants]
    for before, after in zip(instants, random.Random(seed).sample(instants, len(instants)), strict=True):
        found = difference(as_of(journal, ACME, before), as_of(journal, ACME, after))
        assert stood[instants.index(after)] == applied(stood[instants.index(before)], found)
        assert (before == after or stood[instants.index(before)] == stood[instants.index(after)]) == (found == ())


def some_instants(journal: Journal, seed: int, count: int) -> list[datetime]:
    """Any instants around the story: of a fact, a microsecond beside one, and anywhere between. Shape: rising."""
    dice = random.Random(seed)
    at = [each.recorded_at for each in journal.raw(0, 10_000)]
    first, last = at[0] - timedelta(seconds=1), at[-1] + timedelta(seconds=1)
    drawn = (
        lambda: dice.choice(at),
        lambda: dice.choice(at) + dice.choice((-1, 1)) * timedelta(microseconds=1),
        lambda: first + dice.random() * (last - first),
    )
    return sorted({dice.choice(drawn)() for _ in range(count)})


def compare_with_views(ledger: str, journal: Journal, instants: list[datetime]) -> None:
    """Fold the views up to each instant and no further, and hold them against what stood then."""
    raw = journal.raw(0, 10_000)
    for at in instants:
        last = max((each.position for each in raw if each.recorded_at <= at), default=0)
        if last:
            fold_until(ledger, last, views=[view() for view in VIEWS])

        for msp in (ACME, OTHER):
            # A view has no row of a connection that nothing was ever recorded of.
            never_connected = facets(AsOf(msp, at, None))
            assert facets(as_of(journal, msp, at)) == {**never_connected, **shown_by_views(ledger, msp)}


@pytest.mark.parametrize("seed", range(6, 9))
def test_a_difference_leads_from_one_instant_to_the_other(journal: Journal, seed: int) -> None:
    tell(journal, seed=seed, acts=120)
    raw = journal.raw(0, 10_000)
    instants = [raw[place].recorded_at for place in sorted(random.Random(seed).sample(range(len(raw)), 5))]
    stood = [as_of(journal, ACME, at) for at in instants]

    for before in stood:
        assert difference(before, before) == ()
        for after in stood:
            assert facets(after) == applied(facets(before), difference(before, after))


def test_what_was_recorded_late_is_true_only_from_then_on(journal: Journal) -> None:
    acts = Ledger(journal)
    (created,) = acts.create("globex")
    earlier = as_of(journal, ACME, created.recorded_at)
    (late, *_) = acts.licenses("globex", 7, at=created.fact.effective_at + timedelta(minutes=1))

    before_it_was_recorded = as_of(journal, ACME, created.recorded_at)
    recorded_but_not_yet_effective = as_of(
        journal, ACME, late.recorded_at, effective_at=late.fact.effective_at - timedelta(microseconds=1)
    )
    recorded_and_effective = as_of(journal, ACME, late.recorded_at, effective_at=late.fact.effective_at)

    path = ("organization", "globex", "license_counted")
    assert (0, 0, 7) == tuple(
        facets(each)[path] for each in (before_it_was_recorded, recorded_but_not_yet_effective, recorded_and_effective)
    )
    assert facets(earlier) == facets(before_it_was_recorded)


def test_before_anything_was_recorded_nothing_stood(journal: Journal) -> None:
    (created,) = Ledger(journal).create("globex")

    stood = as_of(journal, ACME, created.recorded_at - timedelta(microseconds=1))

    assert [] == stood.names()
    assert "NOT_CONNECTED" == facets(stood)[("connection", "", "status")]

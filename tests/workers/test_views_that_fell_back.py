"""The views' last batches are lost in a crash of the server and folded again; meanwhile nobody relies on the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from domain.connection import CONNECTION
from domain.run import RUN
from domain.streams import connection_stream, run_stream
from domain.values import BillingMonth
from tests.workers.system import MSP, System
from workers import push
from workers.close_month import close_months, final_run
from workers.views_position import views_keep

NOVEMBER = BillingMonth(2026, 11)
AFTER = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)


def on(system: System, *statements: str) -> None:
    with psycopg.connect(system.url) as server:
        for statement in statements:
            server.execute(statement)


def test_a_final_is_not_worked_out_from_what_is_left_of_a_closed_month(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    system.move_clock(AFTER)
    read, push_all, looked = push._read, push._push_all, list[str]()

    def reading(*arguments: Any) -> Any:
        if not looked:
            on(
                system,
                "CREATE TABLE lost AS SELECT * FROM month_usage",
                "CREATE TABLE stood AS SELECT * FROM view_positions",
                "DELETE FROM month_usage",
                "UPDATE view_positions SET position = 1",
            )
        looked.append("read")
        return read(*arguments)

    def pushing(*arguments: Any) -> None:
        push_all(*arguments)
        if looked == ["read"]:
            looked.append("folded again")
            on(
                system,
                "INSERT INTO month_usage SELECT * FROM lost",
                "UPDATE view_positions p SET position = s.position FROM stood s WHERE s.view = p.view",
                "DROP TABLE lost, stood",
            )

    monkeypatch.setattr(push, "_read", reading)
    monkeypatch.setattr(push, "_push_all", pushing)
    system.settle()

    assert ["read", "folded again", "read"] == looked
    assert [("INITIAL", Decimal("12.00")), ("FINAL", Decimal("12.00"))] == system.pushes(system.license_product)
    assert [Decimal(12)] == system.held(system.license_product)


def test_no_month_is_closed_by_views_that_only_seem_to_hold_everything(system: System) -> None:
    system.settle()
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.move_clock(AFTER)

    close_months(replace(system.tools, wait_for_views=lambda _: True), MSP)

    assert planned(system) is None
    system.settle()
    assert planned(system) == [system.license_product, system.server_product]
    assert ("FINAL", Decimal("12.00")) == system.pushes(system.license_product)[-1]


def planned(system: System) -> Sequence[int] | None:
    live = system.journal.state(CONNECTION, connection_stream(MSP)).state.live
    assert live is not None
    found = system.journal.state(RUN, run_stream(MSP, final_run(MSP, live.number, NOVEMBER))).state.planned
    return None if found is None else [line.product for line in found.lines]


def test_what_views_keep_is_on_the_disk(system: System) -> None:
    system.create("globex")
    system.fold()
    with psycopg.connect(system.url, autocommit=True) as server:
        [written] = server.execute("SELECT pg_current_wal_insert_lsn()").fetchone() or ("",)

        assert views_keep(system.tools, system.journal.head())

        assert (True,) == server.execute("SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", (written,)).fetchone()
    assert not views_keep(replace(system.tools, wait_for_views=lambda _: True), system.journal.head() + 1)

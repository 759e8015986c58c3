"""`psa-ledger status`: the answer first, then what is not well, then the MSPs that need somebody."""

import threading
from datetime import timedelta

import pytest

from cli.status import as_text, read_page
from tests.journal.sealing import sealed
from tests.monitoring.conftest import Watched
from tests.scenarios.acts import start


@pytest.fixture
def well(watched: Watched) -> Watched:
    """A ledger with everything at work: a projector (the system's own), a dispatcher, and all facts signed."""
    start(watched.system)
    sealed(watched.system.url)
    return watched


def test_a_ledger_that_lacks_nothing_says_so_in_the_first_line(well: Watched) -> None:
    stopping, system = threading.Event(), well.system
    worker = threading.Thread(target=system.dispatcher.run, args=(system.url, stopping))
    worker.start()
    try:
        while not read_page(system.url, 20).standing.dispatchers:
            assert worker.is_alive()
        text = as_text(None, read_page(system.url, 20))
    finally:
        stopping.set()
        worker.join()

    assert "All is well." == text.splitlines()[0]
    assert "close        no MSP had 2026-10 to close" in text


def test_what_is_not_well_stands_first_with_numbers(well: Watched) -> None:
    system = well.system
    system.licenses("globex", delta=1)
    system.fold()
    system.move_clock(system.now + timedelta(minutes=20))

    lines = as_text(None, read_page(system.url, 20)).splitlines()

    assert [
        "NOT WELL (3); docs/runbook.md says what to do:",
        "  workers: 0 look for what is due",
        "  pushes: 1 due, the oldest for 20 min",
        "  audit: unsigned for 20 min",
    ] == [line.partition(" 0 s")[0] for line in lines[:4]]
    assert "  acts           due            1, the oldest for 20 min" in [line[:56].rstrip() for line in lines]


def test_an_msp_that_needs_somebody_comes_first_and_the_rest_is_counted(well: Watched) -> None:
    page = read_page(well.system.url, 0)

    assert (0, 1) == (len(page.connections), page.more)
    assert "… and 1 more (--all)" == as_text(None, page).splitlines()[-1]

"""Every alert of `monitoring/alerts.yml`: its cause is made to happen in a real ledger, and Prometheus's own evaluation
of the numbers told then says that the alert fires, while it does not over the numbers told before."""

from datetime import timedelta
from pathlib import Path

from tests.monitoring.conftest import Watched
from tests.monitoring.rules import Scrape, firing, needs_promtool

pytestmark = needs_promtool


def test_a_process_that_does_not_answer(watched: Watched, tmp_path: Path) -> None:
    before = watched.scrape()

    assert not firing("PsaLedgerProcessDown", [before], 10, tmp_path)
    assert firing("PsaLedgerProcessDown", [before, Scrape.of_nobody()], 10, tmp_path)


def test_views_that_nobody_folds(watched: Watched, tmp_path: Path) -> None:
    before = watched.scrape()

    watched.system.create("globex")
    watched.system.move_clock(watched.system.now + timedelta(minutes=3))
    after = Scrape.of(watched.text())

    assert not firing("PsaLedgerViewsBehind", [before], 10, tmp_path)
    assert firing("PsaLedgerViewsBehind", [before, after], 10, tmp_path)

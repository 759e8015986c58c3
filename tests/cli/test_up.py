"""The supervisor on real parts: what it starts, what it starts again, and that nothing of it is ever left."""

import os
import signal
import stat
import subprocess
from pathlib import Path

from cli.graphql import Ledger
from cli.seed import CUSTOMERS, DEMO_MSP
from tests.cli.system import START_SECONDS, STOP_SECONDS, System, any_ports, nothing_is_left, started, until


def test_everything_starts_survives_a_killed_child_and_stops_without_leaving_anything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(data, *any_ports()) as system:
        running = system.running
        admin = Ledger(running.api_url, running.token("admin"))

        seeded = admin.query("{ organizations(first: 100) { nodes { id } } }")["organizations"]["nodes"]

        assert {row["id"] for row in seeded} == {customer.id for customer in CUSTOMERS}
        assert running.api_url in system.said()
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data / "tokens").iterdir()} == dict.fromkeys(
            ("admin", "auditor", "platform"), 0o600
        )
        assert stat.S_IMODE((data / "run.json").stat().st_mode) == 0o600
        assert running.token("admin") not in (data / "run.json").read_text()

        killed = running.children["projector"]
        os.kill(killed, signal.SIGKILL)
        until(lambda: system.running.children["projector"] != killed, START_SECONDS)

        assert "projector died by SIGKILL" in system.said()
        page = well_page(system)
        assert page.startswith("All is well."), page
        assert f"api          {running.api_url}" in page
        token = system.psa_ledger("token", "--role", "AUDITOR", "--msp", DEMO_MSP).stdout.strip()
        assert Ledger(running.api_url, token).query("{ viewer { role } }") == {"viewer": {"role": "AUDITOR"}}
        second = system.psa_ledger("up")
        assert (second.returncode, f"process {system.supervisor.pid}" in second.stderr) == (1, True)

        assert system.stop(signal.SIGINT) == 0

        assert nothing_is_left(system.places)
        assert not (data / "run.json").exists()


def well_page(system: System) -> str:
    """The first page of status that finds nothing in want of anybody: a killed projector needs a moment to be back."""
    pages: list[subprocess.CompletedProcess[str]] = []

    def is_well() -> bool:
        pages.append(system.psa_ledger("status"))
        return pages[-1].returncode == 0

    until(is_well, START_SECONDS)
    return pages[-1].stdout


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_one_starts_on_the_same_ports(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(data, *any_ports()) as first:
        before = first.running

        first.supervisor.kill()
        first.supervisor.wait(STOP_SECONDS)
        until(lambda: nothing_is_left(first.places), STOP_SECONDS)

    with started(data) as second:
        after = second.running

        assert (after.api_url, after.simulator_url) == (before.api_url, before.simulator_url)
        rows = Ledger(after.api_url, after.token("platform"), msp=DEMO_MSP).query(
            "query ($msp: ID!) { organizations(first: 100, msp: $msp) { totalCount } }", msp=DEMO_MSP
        )
        assert rows == {"organizations": {"totalCount": len(CUSTOMERS)}}

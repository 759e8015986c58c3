"""On a really started system: the story, the README's first five minutes, the clock, processes killed all along."""

import contextlib
import os
import random
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cli.clock import instant
from cli.graphql import Ledger
from cli.places import CHECKOUT
from cli.ports import API_PORT, HOST, SIMULATOR_PORT
from tests.cli.system import System, any_ports, started

PROCESSES = ("worker", "projector", "api")
KILLS = 10
"""Most of them within a story of some seconds; without an end nothing would come up any more to be killed."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with started(tmp_path_factory.mktemp("system") / "data", *any_ports()) as running:
        yield running


def test_the_story_goes_as_expected_and_can_be_told_again(system: System) -> None:
    first, second = (system.psa_ledger("story", seconds=900) for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert "went as expected" in first.stdout
    assert (second.returncode, second.stderr) == (0, "")


def test_the_readmes_first_five_minutes_work_as_written(system: System) -> None:
    readme = (CHECKOUT / "README.md").read_text()
    section = readme[readme.index("## The first five minutes") : readme.index("## Where to read next")]
    script = "\n".join(re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL))
    for written, here in (
        (f"http://{HOST}:{API_PORT}", system.running.api_url),
        (f"http://{HOST}:{SIMULATOR_PORT}", system.running.simulator_url),
        (".data/", f"{system.places.data}/"),
    ):
        assert written in script
        script = script.replace(written, here)

    done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True, timeout=300, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"errors"' not in done.stdout
    assert '"status":"ACTIVE"' in done.stdout
    assert '"quantity":15' in done.stdout
    assert '"identifier":"NET-CORE-SERVER"' in done.stdout
    assert '"factType":"addition.usage-pushed"' in done.stdout


def test_the_clock_moves_forward_for_everybody_and_never_back(system: System) -> None:
    auditor = Ledger(system.running.api_url, system.running.token("auditor"))
    before = instant(auditor.query("{ serverTime }")["serverTime"])

    moved = system.psa_ledger("clock", "--by", "1h")
    back = system.psa_ledger("clock", "--to", before.isoformat())

    assert moved.returncode == 0, moved.stderr
    assert back.returncode == 0, back.stderr
    assert instant(auditor.query("{ serverTime }")["serverTime"]) - before >= timedelta(hours=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_the_story_ends_the_same_when_processes_are_killed_all_along(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    is_over = threading.Event()

    with started(tmp_path / "data", *any_ports()) as system:

        def kill_now_and_then() -> None:
            for _ in range(KILLS):
                if is_over.wait(chance.uniform(0.2, 2.0)):
                    return
                alive = system.running.children
                name = chance.choice(PROCESSES)
                with contextlib.suppress(ProcessLookupError):  # it may be dead since the last time
                    if name in alive:
                        os.kill(alive[name], signal.SIGKILL)

        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        try:
            told = system.psa_ledger("story", seconds=900)
        finally:
            is_over.set()
            killer.join()

        assert told.returncode == 0, told.stdout[-3000:] + told.stderr
        assert "died by SIGKILL" in system.output.read_text()

"""A really started system for tests: `psa-ledger up` on a data directory and ports of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.places import CHECKOUT, Places, Running, is_held, last_running
from tests.ports import free_ports

START_SECONDS = 180.0
STOP_SECONDS = 60.0
_PAUSE = threading.Event()


@dataclass(frozen=True, slots=True)
class System:
    """One supervisor and what it keeps."""

    places: Places
    supervisor: subprocess.Popen[bytes]
    output: Path

    @property
    def running(self) -> Running:
        found = last_running(self.places)
        assert found is not None, self.said()
        return found

    def said(self) -> str:
        return self.output.read_text(errors="replace")[-5_000:]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask the supervisor to stop as a terminal does, and return its exit status."""
        self.supervisor.send_signal(number)
        return self.supervisor.wait(STOP_SECONDS)

    def psa_ledger(self, *arguments: str, seconds: float = 180.0) -> subprocess.CompletedProcess[str]:
        """Run one verb beside the running system, from another working directory, as a person might."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env=environment(self.places),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def any_ports() -> tuple[str, ...]:
    """Arguments for ports that stay free between starts."""
    api, simulator = free_ports(2)
    return ("--api-port", str(api), "--simulator-port", str(simulator))


def environment(places: Places) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PSA_LEDGER_")}
    return {**kept, "PSA_LEDGER_DATA_DIR": str(places.data)}


@contextmanager
def started(data: Path, *arguments: str) -> Iterator[System]:
    """A system that is ready; whatever happened to it, nothing of it is left afterwards."""
    places = Places(data)
    data.mkdir(exist_ok=True)
    output = data / "output"
    with output.open("ab") as file:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", *arguments],
            env=environment(places),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    system = System(places, supervisor, output)
    try:
        until(lambda: supervisor.poll() is not None or is_ready(places, supervisor.pid), START_SECONDS)
        assert supervisor.poll() is None, system.said()
        yield system
    finally:
        if supervisor.poll() is None:
            supervisor.terminate()
            try:
                supervisor.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
                raise


def is_ready(places: Places, supervisor: int) -> bool:
    found = last_running(places)
    return found is not None and found.supervisor == supervisor and found.is_ready


def nothing_is_left(places: Places) -> bool:
    """Whether every process of a system has ended: each holds a lock as long as it lives."""
    locks = (places.up_lock, places.children_lock, places.data / "postgres" / "server.lock")
    return not any(is_held(lock) for lock in locks)


def until(condition: Callable[[], bool], seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "this did not happen in time"
        _PAUSE.wait(0.05)

"""A whole system for a bench: `psa-ledger up` on a data directory of its own, stopped and removed afterwards."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from journal.postgres import running_url

CHECKOUT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """Where it answers, a token per role, its data directory, and the ids of its processes by name."""

    api_url: str
    simulator_url: str
    tokens: dict[str, str]
    http: httpx.Client
    data: Path
    processes: dict[str, int]

    @property
    def database_url(self) -> str:
        return running_url(self.data)

    def resident_mb(self, process: str) -> float:
        """The highest resident size that a process ever had. Units: MiB."""
        status = Path(f"/proc/{self.processes[process]}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def graphql(self, role: str, text: str, **variables: Any) -> Any:
        """The `data` of an answer. Raises: AssertionError when it has errors."""
        answer = self.http.post(
            f"{self.api_url}/graphql",
            json={"query": text, "variables": variables},
            headers={"Authorization": f"Bearer {self.tokens[role]}"},
        ).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def psa(self, path: str) -> Any:
        return self.http.get(f"{self.simulator_url}/_simulator/{path}").raise_for_status().json()


UNHURRIED = {"REQUESTS_PER_SECOND": "100000"}


@contextmanager
def running_system(**settings: str) -> Iterator[RunningSystem]:
    """`settings` are variables of the environment without their prefix. No caller is held back by its rate.

    Raises: RuntimeError with the last output when the system does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data, httpx.Client(timeout=60) as http:
        log = Path(data, "up.log")
        with log.open("wb") as output:
            up = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up", "--api-port", "0", "--simulator-port", "0"],
                cwd=CHECKOUT,
                env={
                    **os.environ,
                    "PSA_LEDGER_DATA_DIR": data,
                    **{f"PSA_LEDGER_{name}": text for name, text in {**UNHURRIED, **settings}.items()},
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            told = _await_ready(up, Path(data, "run.json"), log)
            tokens = {role: Path(path).read_text().strip() for role, path in told["tokens"].items()}
            yield RunningSystem(
                told["api_url"], told["simulator_url"], tokens, http, Path(data), dict(told["children"])
            )
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)


def _await_ready(up: "subprocess.Popen[bytes]", run_file: Path, log: Path) -> Any:
    gives_up_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < gives_up_at:
        if run_file.exists() and (told := json.loads(run_file.read_text()))["is_ready"]:
            return told
        if up.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the system did not come up:\n{log.read_text(errors='replace')[-2000:]}")

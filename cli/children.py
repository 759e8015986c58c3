"""The processes a supervisor keeps: each in a process group of its own, with its words prefixed and written to a log.

A child that dies is started again, after a pause that grows while it keeps dying; every death is said loudly. A child
is stopped by SIGTERM, and by SIGKILL of its whole group when it does not end in time.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cli.lifeline import VARIABLE

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 15.0
STEADY_SECONDS = 30.0
"""A child that ran so long begins again with the shortest pause."""
STOP_SECONDS = 10.0
LARGEST_LOG_BYTES = 10_000_000

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to run one process. `is_ready` asks, without waiting long, whether it does its work."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    is_ready: Callable[[], bool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Home:
    """What all children share: where they run and write, how long they may live, and who is told.

    `lifeline` is the reading end of the supervisor's pipe; `lock` is held by every child as long as it lives.
    """

    directory: Path
    logs: Path
    lifeline: int
    lock: int
    tell: Tell


class Child:
    """One process of a supervisor; not for sharing between threads."""

    def __init__(self, spec: ChildSpec, home: Home) -> None:
        self.spec = spec
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._due_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._log = _Log(home.logs / f"{spec.name}.log")
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def keep_running(self) -> bool:
        """Start the process, or start it again when it has died and its pause is over. True when it was started."""
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return False
            self._mourn(status)
        if time.monotonic() < self._due_at:
            return False
        self._start()
        return True

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def last_words(self, lines: int = 15) -> str:
        """The end of what it said, for a message about its death."""
        return self._log.tail(lines)

    def _start(self) -> None:
        process = subprocess.Popen(  # noqa: S603 - the command is the supervisor's own, without a shell
            self.spec.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._home.directory,
            env={**self.spec.environment, VARIABLE: str(self._home.lifeline), "PYTHONUNBUFFERED": "1"},
            pass_fds=(self._home.lifeline, self._home.lock),
            process_group=0,
        )
        self._process = process
        self._started_at = time.monotonic()
        assert process.stdout is not None
        threading.Thread(
            target=_pass_on,
            args=(process.stdout, self._log, self._home.tell, self.spec.name),
            name=f"{self.spec.name} output",
            daemon=True,
        ).start()

    def _mourn(self, status: int) -> None:
        """Say that it died and work out when it may start again."""
        self._process = None
        self.deaths += 1
        now = time.monotonic()
        if now - self._started_at >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self._due_at = now + self._pause
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        self._home.tell(f"!!! {self.spec.name} died {how}; starting it again in {self._pause:.1f} s")
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it may end between the look and the signal
                os.killpg(self._process.pid, number)


def stop_in_order(children: Sequence[Child], wait: Callable[[float], Sequence[str]], tell: Tell) -> None:
    """Stop one after the other; a further signal to stop, or a child that does not end in time, ends it by force.

    `wait` sleeps for so many seconds or until a signal, and names the signals that asked to stop.
    """
    by_force = False
    for child in children:
        child.kill() if by_force else child.ask_to_stop()
        give_up_at = time.monotonic() + STOP_SECONDS
        while not child.has_ended():
            if wait(0.05) and not by_force:
                by_force = True
                tell("asked again: ending everything at once")
                child.kill()
            elif time.monotonic() > give_up_at:
                tell(f"!!! {child.spec.name} did not stop within {STOP_SECONDS:.0f} s; ending it")
                child.kill()
                give_up_at = float("inf")


@contextlib.contextmanager
def new_lifeline() -> Iterator[int]:
    """A pipe that ends with this process; yields the end that children read."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def say(line: str) -> None:
    """Print a line at once. When the terminal is gone the logs still have it, so that is no reason to die."""
    with contextlib.suppress(BrokenPipeError), _PRINTING:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


_PRINTING = threading.Lock()


class _Log:
    """A file that what a child says is appended to; it is put aside once when it has grown large."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def write(self, lines: bytes) -> None:
        if self._path.exists() and self._path.stat().st_size > LARGEST_LOG_BYTES:
            self._path.replace(self._path.with_suffix(".log.1"))
        with self._path.open("ab") as file:
            file.write(lines)

    def tail(self, lines: int) -> str:
        if not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _pass_on(output: BinaryIO, log: _Log, tell: Tell, name: str) -> None:
    for line in output:
        log.write(line if line.endswith(b"\n") else line + b"\n")
        tell(f"{name:>9} │ {line.decode(errors='replace').rstrip()}")
    output.close()

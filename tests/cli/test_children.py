"""Keeping processes: restart, loud deaths, ends that leave nothing behind; on small programs of the test's own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.children import Child, ChildSpec, Home, new_lifeline, stop_in_order
from cli.lifeline import VARIABLE
from cli.places import is_held, take_lock

PAUSE = threading.Event()

SLEEPER = "import time\nprint('awake', flush=True)\ntime.sleep(60)\n"
STUBBORN_START = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
STUBBORN = f"{STUBBORN_START}{SLEEPER}"
FAILING = "print('no use', flush=True)\nraise SystemExit(3)\n"
LOYAL = f"from cli.lifeline import hold_lifeline\nhold_lifeline()\n{SLEEPER}"


class Told(list[str]):
    """What a supervisor said."""

    def has(self, part: str) -> bool:
        return any(part in line for line in self)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def home(tmp_path: Path, told: Told) -> Iterator[Home]:
    lock = take_lock(tmp_path / "children.lock")
    assert lock is not None
    with new_lifeline() as lifeline:
        yield Home(Path.cwd(), tmp_path / "logs", lifeline, lock, told.append)
    os.close(lock)


def running(program: str, home: Home) -> Child:
    environment = {"PATH": os.environ["PATH"]}
    child = Child(ChildSpec("sleeper", (sys.executable, "-c", program), environment, lambda: True), home)
    child.keep_running()
    return child


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "this did not happen in time"
        PAUSE.wait(0.01)


def no_signal(seconds: float) -> tuple[str, ...]:
    PAUSE.wait(seconds)
    return ()


def test_what_a_child_says_is_prefixed_and_kept_in_its_log(home: Home, told: Told) -> None:
    child = running(SLEEPER, home)

    until(lambda: told.has("awake"))
    stop_in_order([child], no_signal, told.append)

    assert told == ["  sleeper │ awake"]
    assert child.last_words() == "awake"


def test_a_child_that_dies_is_said_loudly_and_started_again(home: Home, told: Told) -> None:
    child = running(SLEEPER, home)
    first = child.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    until(child.keep_running)

    assert told.has("sleeper died by SIGKILL")
    assert child.pid != first
    stop_in_order([child], no_signal, told.append)


def test_a_child_that_keeps_dying_is_started_after_longer_and_longer_pauses(home: Home, told: Told) -> None:
    child = running(FAILING, home)

    until(lambda: child.keep_running() and child.deaths == 3)

    pauses = [line.rpartition("in ")[2] for line in told if "died with status 3" in line]
    assert pauses == ["0.2 s", "0.4 s", "0.8 s"]
    until(child.has_ended)


def test_a_child_that_does_not_stop_when_asked_twice_is_ended(home: Home, told: Told) -> None:
    child = running(STUBBORN, home)
    until(lambda: told.has("awake"))

    stop_in_order([child], lambda _: ("SIGINT",), told.append)

    assert child.has_ended()
    assert told.has("ending everything at once")


def test_a_child_ends_when_its_supervisor_is_gone(tmp_path: Path, told: Told) -> None:
    lock = take_lock(tmp_path / "children.lock")
    assert lock is not None
    with new_lifeline() as lifeline:
        child = running(LOYAL, Home(Path.cwd(), tmp_path, lifeline, lock, told.append))
        until(lambda: told.has("awake"))

        # leaving the block closes the pipe, as the supervisor's death would

    until(child.has_ended)
    os.close(lock)


def test_a_child_that_can_not_stop_ends_all_the_same_when_its_supervisor_is_gone(tmp_path: Path) -> None:
    stubborn = f"{STUBBORN_START}from cli.lifeline import hold_lifeline\nhold_lifeline(grace_seconds=0.2)\n{SLEEPER}"
    reading, writing = os.pipe()
    with new_lifeline() as lifeline:
        process = subprocess.Popen(
            [sys.executable, "-c", stubborn],
            env={"PATH": os.environ["PATH"], VARIABLE: str(lifeline)},
            stdout=writing,
            stderr=writing,
            pass_fds=(lifeline,),
        )
        os.close(writing)
        assert os.read(reading, 5) == b"awake"

        os.close(reading)  # what it says reaches nobody any more, as after the supervisor's death

    assert process.wait(60) == 70


def test_the_lock_of_the_children_is_held_until_the_last_of_them_has_ended(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "children.lock"
    lock = take_lock(path)
    assert lock is not None
    with new_lifeline() as lifeline:
        child = running(SLEEPER, Home(Path.cwd(), tmp_path, lifeline, lock, told.append))
        until(lambda: told.has("awake"))

        os.close(lock)

        assert is_held(path)
        child.kill()
        until(child.has_ended)
        assert not is_held(path)

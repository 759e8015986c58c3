"""Where a checkout keeps its things, and how the verbs find a running system."""

import os
import stat
from pathlib import Path

import pytest

from cli.places import (
    CHECKOUT,
    NothingRuns,
    Places,
    Running,
    data_directory,
    is_held,
    running,
    settings_here,
    take_lock,
    write_private,
    write_running,
)
from cli.ports import choose_port
from journal.settings import Mode

RUNNING = Running(
    supervisor=4711,
    mode="demo",
    api_url="http://127.0.0.1:8080",
    simulator_url="http://127.0.0.1:8090",
    children={"api": 4712},
    tokens={"admin": "/nowhere/admin"},
)


def test_the_data_directory_is_that_of_the_checkout_whatever_the_working_directory() -> None:
    assert data_directory({}) == CHECKOUT / ".data"
    assert data_directory({"PSA_LEDGER_DATA_DIR": "/tmp/elsewhere"}) == Path("/tmp/elsewhere")


def test_a_private_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    write_private(tmp_path / "keys" / "one", "secret")

    assert stat.S_IMODE((tmp_path / "keys" / "one").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert (tmp_path / "keys" / "one").read_text() == "secret"


def test_a_system_is_found_while_its_supervisor_holds_the_lock(tmp_path: Path) -> None:
    places = Places(tmp_path)
    lock = take_lock(places.up_lock)
    assert lock is not None
    write_running(places, RUNNING)

    assert running(places) == RUNNING

    os.close(lock)


def test_what_a_dead_supervisor_left_behind_is_not_taken_for_a_running_system(tmp_path: Path) -> None:
    places = Places(tmp_path)
    write_running(places, RUNNING)

    with pytest.raises(NothingRuns):
        running(places)


def test_a_half_written_run_file_is_not_taken_for_a_running_system(tmp_path: Path) -> None:
    places = Places(tmp_path)
    lock = take_lock(places.up_lock)
    assert lock is not None
    places.run_file.write_text('{"format": 1, "super')

    with pytest.raises(NothingRuns):
        running(places)

    os.close(lock)


def test_verbs_take_the_mode_of_the_running_system_unless_the_environment_names_one(tmp_path: Path) -> None:
    places = Places(tmp_path)
    lock = take_lock(places.up_lock)
    assert lock is not None
    write_running(places, RUNNING)

    assert settings_here(places, {}).mode == Mode.DEMO
    assert settings_here(places, {"PSA_LEDGER_MODE": "production"}).mode == Mode.PRODUCTION

    os.close(lock)
    assert settings_here(places, {}).mode == Mode.PRODUCTION


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    first = take_lock(tmp_path / "lock")
    assert first is not None

    assert take_lock(tmp_path / "lock") is None
    assert is_held(tmp_path / "lock")

    os.close(first)
    assert not is_held(tmp_path / "lock")


def test_a_wished_port_is_taken_when_it_is_free_and_passed_over_when_it_is_not() -> None:
    free = choose_port(())

    assert choose_port((None, free)) == free
    assert choose_port((1, free)) in {1, free}  # root may take port 1, nobody else

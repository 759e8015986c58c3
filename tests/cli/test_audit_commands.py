"""`export`, `reconstruct` and `audit-keys` as a person calls them; and the projector's process that signs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cli import verify_export
from cli.main import main
from journal.application import Journal
from journal.check_seals import check_database, keys_by_id
from journal.follow import FactsListener
from journal.registry import CODEC
from journal.seal import public_keys
from journal.settings import Mode
from journal.signing_keys import SigningSettings, signing_keys
from projections.freshness import wait_until_folded
from tests.cli.exported import export, is_fact, tell_and_seal, url_of
from tests.journal.sealing import KEY, tampered, text_of
from tests.projections.story import ACME, OCTOBER, Ledger, tell

PATIENCE_SECONDS = 120.0
NOTHING_SIGNED = b"NOTHING IS SIGNED: the journal was altered at position 5"
Command = Callable[..., tuple[int, bytes, str]]
"""Runs a verb. Shape: exit status, standard output, standard error."""


@pytest.fixture
def command(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Command:
    monkeypatch.setenv("PSA_LEDGER_DATABASE_URL", url_of(database))
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PSA_LEDGER_MODE", "test")

    def run(*arguments: str) -> tuple[int, bytes, str]:
        status = main(arguments)
        said = capfdbinary.readouterr()
        return status, said.out, said.err.decode()

    return run


# --- export --------------------------------------------------------------------------------------------------------


def test_an_export_is_written_to_standard_output_or_to_a_file(command: Command, database: str, tmp_path: Path) -> None:
    tell_and_seal(database, acts=60)
    file = tmp_path / "facts.ndjson"

    _, shown, _ = command("export", "--msp", ACME)
    status, _, _ = command("export", "--msp", ACME, "--output", str(file))

    assert 0 == status
    assert b"\n".join(export(database)) + b"\n" == shown == file.read_bytes()
    assert 0 == command("verify", str(file), "--key", text_of(KEY))[0]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_file_that_broke_off_anywhere_is_made_whole_again(
    command: Command, database: str, tmp_path: Path, form: str
) -> None:
    tell_and_seal(database, acts=60)
    file = tmp_path / "facts"
    asked = ("export", "--msp", ACME, "--format", form, "--role", "PLATFORM", "--output", str(file))
    command(*asked)
    whole = file.read_bytes()
    first_lines = len(b"\n".join(whole.split(b"\n")[:2]))

    for length in range(first_lines, len(whole), len(whole) // 9):
        file.write_bytes(whole[:length])
        status, _, told = command(*asked, "--resume")

        assert (0, "", whole) == (status, told, file.read_bytes())


def test_a_file_of_another_export_is_not_gone_on_with(command: Command, database: str, tmp_path: Path) -> None:
    tell_and_seal(database, acts=60)
    file = tmp_path / "facts"
    command("export", "--msp", ACME, "--output", str(file))
    before = file.read_bytes()

    status, _, told = command("export", "--msp", ACME, "--role", "PLATFORM", "--output", str(file), "--resume")

    assert (1, before) == (status, file.read_bytes())
    assert "was made by another export" in told
    assert 2 == command("export", "--msp", ACME, "--resume")[0]


@pytest.mark.parametrize(
    "first", [b'{"export":{"until":Infinity}}', b'{"export":{"until":1e30}}', b'{"export":' + b"[" * 100_000, b"\xff"]
)
def test_a_file_that_begins_oddly_is_not_gone_on_with_but_told(
    command: Command, database: str, tmp_path: Path, first: bytes
) -> None:
    file = tmp_path / "facts.ndjson"
    file.write_bytes(first + b"\n")

    status, _, said = command("export", "--msp", ACME, "--output", str(file), "--resume")

    assert (1, "psa-ledger export: the file does not begin like an export; start anew\n") == (status, said)
    assert first + b"\n" == file.read_bytes()


def test_filters_of_the_command_are_those_of_the_history(command: Command, database: str) -> None:
    tell_and_seal(database, acts=60)

    _, shown, _ = command("export", "--msp", ACME, "--fact-type", "connection.connected", "--subject", "nobody")

    header = json.loads(shown.splitlines()[0])["export"]
    assert {"fact_type": "connection.connected", "subject": "nobody"} == header["filter"]
    assert not any(is_fact(line) for line in shown.splitlines())


# --- reconstruct ---------------------------------------------------------------------------------------------------


def test_a_month_whose_pushes_are_not_what_the_facts_give_is_refused_with_the_places(
    command: Command, database: str
) -> None:
    with Journal(database, CODEC) as journal:
        acts = Ledger(journal)
        acts.connect()
        acts.push(acts.addition(), 12)

    status, shown, told = command("reconstruct", "--msp", ACME, "--month", "2026-11")

    assert 1 == status
    assert b"DIFFERS" in shown
    assert "wanted: recorded 12.00, the facts give 0.00" in told


def test_a_month_without_pushes_is_told_as_such(command: Command) -> None:
    status, shown, _ = command("reconstruct", "--msp", ACME, "--month", str(OCTOBER))

    assert 0 == status
    assert b"no push belongs to this month" in shown


# --- keys ----------------------------------------------------------------------------------------------------------


def test_public_keys_are_listed_and_a_rotated_one_is_shown(command: Command, database: str, tmp_path: Path) -> None:
    tell_and_seal(database, acts=10)
    first = signing_keys(SigningSettings(), Mode.TEST, tmp_path / "data")()

    _, listed, _ = command("audit-keys")
    _, added, _ = command("audit-keys", "--rotate")
    _, after, _ = command("audit-keys")

    shown = [line.split()[0] for line in listed.decode().splitlines()]
    assert [KEY.id, first.id] == shown
    assert [KEY.id, first.id, added.decode().split()[0]] == [line.split()[0] for line in after.decode().splitlines()]
    assert {KEY.id, first.id} == set(verify_export.read_keys([listed.decode()]))


# --- the process that signs ------------------------------------------------------------------------------------------


@pytest.fixture
def projector(database: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `psa-ledger projector`; those still running at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "PSA_LEDGER_DATABASE_URL": url_of(database),
        "PSA_LEDGER_DATA_DIR": str(tmp_path),
        "PSA_LEDGER_MODE": "test",
    }

    def start() -> subprocess.Popen[bytes]:
        log = (tmp_path / "log").open("ab")
        started.append(
            subprocess.Popen([sys.executable, "-m", "cli.main", "projector"], env=environment, stdout=log, stderr=log)
        )
        log.close()
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_SECONDS)


def await_signed(database: str, head: int) -> None:
    """Wait until a head covers a position; each head is announced by nothing, so look once in a while."""
    with FactsListener(database) as listener, psycopg.connect(database, autocommit=True) as connection:
        for _ in range(int(PATIENCE_SECONDS / 0.1)):
            row = connection.execute("SELECT coalesce(max(position), 0) FROM audit_heads").fetchone()
            if row is not None and row[0] >= head:
                return
            listener.wait(0.1)
    raise AssertionError(f"position {head} was not signed in time")


def test_the_projector_signs_what_is_recorded_and_goes_on_after_it_was_killed(
    projector: Callable[[], subprocess.Popen[bytes]], database: str
) -> None:
    with Journal(database, CODEC) as journal:
        tell(journal, seed=1, acts=80)
        killed = projector()
        await_signed(database, 1)
        killed.kill()
        killed.wait(PATIENCE_SECONDS)
        tell(journal, seed=2, acts=40)
        again = projector()
        await_signed(database, journal.head())
        again.send_signal(signal.SIGTERM)

    assert 0 == again.wait(PATIENCE_SECONDS)
    with psycopg.connect(database) as connection:
        keys = keys_by_id(public_keys(connection))
    checked = check_database(database, keys)
    assert ([], 0) == (checked.findings, checked.unsigned)


def test_an_altered_journal_stops_the_signing_and_nothing_else(
    projector: Callable[[], subprocess.Popen[bytes]], database: str, tmp_path: Path
) -> None:
    with Journal(database, CODEC) as journal:
        tell(journal, seed=1, acts=30)
        tampered(database, "UPDATE facts SET entry_id = gen_random_uuid() WHERE notification_id = 5")
        running = projector()
        assert wait_until_folded(database, journal.head(), PATIENCE_SECONDS)
        with FactsListener(database) as listener:
            for _ in range(int(PATIENCE_SECONDS / 0.1)):
                if NOTHING_SIGNED in (tmp_path / "log").read_bytes():
                    break
                listener.wait(0.1)
        with psycopg.connect(database) as connection:
            signed = connection.execute("SELECT count(*) FROM audit_checkpoints").fetchone()
        assert running.poll() is None
        running.send_signal(signal.SIGTERM)

        assert 0 == running.wait(PATIENCE_SECONDS)
        assert NOTHING_SIGNED in (tmp_path / "log").read_bytes()
        assert (0,) == signed

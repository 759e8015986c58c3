"""Rotating master keys: while others read and write, without a restart, and never leaving a row behind."""

import base64
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cli.main import main
from domain.values import MspId
from journal.master_keys import key_source, read_key_file
from journal.settings import Mode, Settings
from journal.vault import Vault
from tests.cli.exported import url_of

Said = Callable[[], str]


@pytest.fixture
def key_file(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    path.chmod(0o640)
    monkeypatch.setenv("PSA_LEDGER_MODE", "production")
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PSA_LEDGER_DATABASE_URL", url_of(database))
    monkeypatch.setenv("PSA_LEDGER_VAULT_KEYS_FILE", str(path))
    return path


def vault_of(path: Path) -> Vault:
    return Vault(key_source(Settings(mode=Mode.PRODUCTION, vault_keys_file=path)))


def stored(database: str, vault: Vault, count: int) -> None:
    with psycopg.connect(database) as connection:
        for number in range(count):
            vault.put(connection, MspId(f"msp-{number}"), 1, f"secret {number}".encode())


def test_everything_is_sealed_by_the_new_key_and_a_running_process_reads_on(
    key_file: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running = vault_of(key_file)
    stored(database, running, 3)

    status = main(["rotate-keys"])

    said = capsys.readouterr().out
    assert 0 == status
    assert "3 credentials sealed by master key 2" in said
    assert "no credentials name master key 1 any more" in said
    with psycopg.connect(database) as connection:
        assert b"secret 2" == running.get(connection, MspId("msp-2"), 1)
        assert (2,) == running.key_numbers_in_use(connection)
    assert 0o640 == key_file.stat().st_mode & 0o777


def test_the_old_key_may_then_be_taken_away(key_file: Path, database: str) -> None:
    stored(database, vault_of(key_file), 3)
    main(["rotate-keys"])

    newest = key_file.read_text().splitlines()[-1]
    key_file.write_text(f"{newest}\n")

    with psycopg.connect(database) as connection:
        assert b"secret 0" == vault_of(key_file).get(connection, MspId("msp-0"), 1)


def test_credentials_are_read_and_stored_without_a_gap_while_keys_rotate(key_file: Path, database: str) -> None:
    stored(database, vault_of(key_file), 20)
    stop, troubles, rounds = threading.Event(), list[BaseException](), 0
    first_round = threading.Event()

    def use() -> None:
        nonlocal rounds
        vault = vault_of(key_file)
        try:
            with psycopg.connect(database, autocommit=True) as connection:
                while not stop.is_set():
                    for number in range(20):
                        msp = MspId(f"msp-{number}")
                        vault.put(connection, msp, 1, vault.get(connection, msp, 1))
                    rounds += 1
                    first_round.set()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            troubles.append(error)
            first_round.set()

    users = [threading.Thread(target=use) for _ in range(2)]
    for user in users:
        user.start()
    first_round.wait()
    statuses = [main(["rotate-keys"]) for _ in range(5)]
    stop.set()
    for user in users:
        user.join()

    assert [] == troubles
    assert [0] * 5 == statuses
    with psycopg.connect(database) as connection:
        assert (6,) == vault_of(key_file).key_numbers_in_use(connection)


def test_only_resealing_takes_the_newest_key_that_is_there(
    key_file: Path, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(database, vault_of(key_file), 2)
    both = {**read_key_file(key_file).keys, 7: secrets.token_bytes(32)}
    text = ",".join(f"{number}:{base64.b64encode(key).decode()}" for number, key in both.items())
    monkeypatch.delenv("PSA_LEDGER_VAULT_KEYS_FILE")
    monkeypatch.setenv("PSA_LEDGER_VAULT_KEYS", text)

    refused, done = main(["rotate-keys"]), main(["rotate-keys", "--only-reseal"])

    said = capsys.readouterr()
    assert (1, 0) == (refused, done)
    assert "2 credentials sealed by master key 7" in said.out
    assert not [key for key in text.split(",") if key.partition(":")[2] in said.out + said.err]

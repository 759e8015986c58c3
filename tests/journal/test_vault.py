"""Credentials: sealed, bound to their place, rotated without anybody noticing, and gone when destroyed."""

import base64
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.values import MspId
from journal.application import Change, Journal, Reader
from journal.master_keys import MasterKeys, add_master_key, key_file, key_source, parse_master_keys, read_key_file
from journal.settings import BadSetting, MissingSetting, Mode, Settings
from journal.vault import KeyMissing, NoSecret, NotOpened, Vault
from tests.journal.sample import ACME, JAR, ORIGIN, OTHER, add, jar

SECRET = b'{"private_key": "correct horse"}'


@dataclass
class Keys:
    """A source of master keys whose answer a test may change, as an operator changes a file."""

    keys: dict[int, bytes] = field(default_factory=lambda: {1: bytes(32)})

    def __call__(self) -> MasterKeys:
        return MasterKeys(dict(self.keys))


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as opened:
        yield opened


def test_a_secret_comes_back(connection: psycopg.Connection[Any]) -> None:
    vault = Vault(Keys())

    vault.put(connection, ACME, 1, SECRET)

    assert vault.get(connection, ACME, 1) == SECRET


def test_a_newer_secret_takes_the_place_of_the_old(connection: psycopg.Connection[Any]) -> None:
    vault = Vault(Keys())
    vault.put(connection, ACME, 1, SECRET)

    vault.put(connection, ACME, 1, b"newer")

    assert vault.get(connection, ACME, 1) == b"newer"


def test_nothing_of_a_secret_stands_in_the_table(connection: psycopg.Connection[Any]) -> None:
    Vault(Keys()).put(connection, ACME, 1, SECRET)

    row = connection.execute("SELECT v::text, secret, data_key FROM vault_secrets v").fetchone()

    assert row is not None
    assert "horse" not in row[0]
    assert b"horse" not in row[1] + row[2]


def test_a_destroyed_secret_is_gone(connection: psycopg.Connection[Any]) -> None:
    vault = Vault(Keys())
    vault.put(connection, ACME, 1, SECRET)

    assert vault.destroy(connection, ACME, 1)
    assert not vault.destroy(connection, ACME, 1)

    with pytest.raises(NoSecret):
        vault.get(connection, ACME, 1)
    assert connection.execute("SELECT count(*) FROM vault_secrets").fetchone() == (0,)


@pytest.mark.parametrize("column", ["secret", "data_key"])
@pytest.mark.parametrize(("msp", "number"), [(OTHER, 1), (ACME, 2)])
def test_a_value_moved_to_another_row_does_not_open(
    connection: psycopg.Connection[Any], column: str, msp: MspId, number: int
) -> None:
    vault = Vault(Keys())
    vault.put(connection, ACME, 1, SECRET)
    vault.put(connection, msp, number, b"another")

    connection.execute(
        f"UPDATE vault_secrets SET {column} = (SELECT {column} FROM vault_secrets WHERE msp = 'acme'"
        " AND connection_number = 1) WHERE msp = %s AND connection_number = %s",
        (msp, number),
    )

    with pytest.raises(NotOpened):
        vault.get(connection, msp, number)


def test_a_whole_row_moved_to_another_owner_does_not_open(connection: psycopg.Connection[Any]) -> None:
    vault = Vault(Keys())
    vault.put(connection, ACME, 1, SECRET)

    connection.execute("UPDATE vault_secrets SET msp = 'other'")

    with pytest.raises(NotOpened):
        vault.get(connection, OTHER, 1)


@pytest.mark.parametrize("column", ["secret", "data_key"])
@pytest.mark.parametrize("place", [0, 20, -1])
def test_altered_bytes_do_not_open(connection: psycopg.Connection[Any], column: str, place: int) -> None:
    vault = Vault(Keys())
    vault.put(connection, ACME, 1, SECRET)
    row = connection.execute(f"SELECT {column} FROM vault_secrets").fetchone()
    assert row is not None
    altered = bytearray(row[0])
    altered[place] ^= 1

    connection.execute(f"UPDATE vault_secrets SET {column} = %s", (bytes(altered),))

    with pytest.raises(NotOpened):
        vault.get(connection, ACME, 1)


def test_rotation_reseals_data_keys_only_and_frees_the_old_key(connection: psycopg.Connection[Any]) -> None:
    keys = Keys()
    vault = Vault(keys)
    for number in range(1, 4):
        vault.put(connection, ACME, number, SECRET)
    sealed = connection.execute("SELECT secret FROM vault_secrets ORDER BY connection_number").fetchall()
    keys.keys[2] = b"\x02" * 32

    rotated = vault.rotate(connection)

    assert (rotated, vault.rotate(connection)) == (3, 0)
    assert sealed == connection.execute("SELECT secret FROM vault_secrets ORDER BY connection_number").fetchall()
    assert vault.key_numbers_in_use(connection) == (2,)
    del keys.keys[1]
    assert Vault(keys).get(connection, ACME, 2) == SECRET


def test_a_process_that_started_before_the_rotation_goes_on_reading(connection: psycopg.Connection[Any]) -> None:
    keys = Keys()
    running = Vault(keys)
    running.put(connection, ACME, 1, SECRET)
    keys.keys[2] = b"\x02" * 32

    Vault(keys).rotate(connection)

    assert running.get(connection, ACME, 1) == SECRET
    running.put(connection, ACME, 2, SECRET)
    assert running.key_numbers_in_use(connection) == (2,)


def test_a_missing_master_key_is_named(connection: psycopg.Connection[Any]) -> None:
    Vault(Keys({7: bytes(32)})).put(connection, ACME, 1, SECRET)

    with pytest.raises(KeyMissing) as caught:
        Vault(Keys()).get(connection, ACME, 1)

    assert caught.value.number == 7


def test_a_wrong_master_key_opens_nothing(connection: psycopg.Connection[Any]) -> None:
    Vault(Keys({1: bytes(32)})).put(connection, ACME, 1, SECRET)

    with pytest.raises(NotOpened):
        Vault(Keys({1: b"\x01" * 32})).get(connection, ACME, 1)


def test_a_secret_is_kept_in_the_transaction_of_its_fact_or_not_at_all(journal: Journal, database: str) -> None:
    vault = Vault(Keys())

    def decide(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        return [Change(jar("red"), add(1))]

    def fail_after_putting(connection: psycopg.Connection[Any]) -> None:
        vault.put(connection, ACME, 2, SECRET)
        raise RuntimeError

    journal.transact(decide, ORIGIN, alongside=lambda connection: vault.put(connection, ACME, 1, SECRET))
    with pytest.raises(RuntimeError):
        journal.transact(decide, ORIGIN, alongside=fail_after_putting)

    with psycopg.connect(database) as connection:
        assert vault.get(connection, ACME, 1) == SECRET
        with pytest.raises(NoSecret):
            vault.get(connection, ACME, 2)
    assert journal.head() == 1


KEY = base64.b64encode(b"k" * 32).decode()


def test_keys_are_read_from_their_text() -> None:
    keys = parse_master_keys(f"1:{KEY}, 3:{KEY}\n2:{KEY}\n", "X")

    assert (sorted(keys.keys), keys.newest) == ([1, 2, 3], 3)
    assert KEY not in repr(keys)
    assert "kkkk" not in repr(keys)


@pytest.mark.parametrize(
    "text", ["", KEY, f"one:{KEY}", f"0:{KEY}", "1:c2hvcnQ=", "1:not base64", f"1:{KEY} 1:{KEY}", f"1:{KEY};2:{KEY}"]
)
def test_bad_key_texts_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse_master_keys(text, "PSA_LEDGER_VAULT_KEYS")

    assert KEY not in str(caught.value)


def test_production_never_makes_up_a_key(tmp_path: Path) -> None:
    with pytest.raises(MissingSetting):
        key_source(Settings(mode=Mode.PRODUCTION, data_dir=tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_named_key_file_that_is_missing_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        key_source(Settings(mode=Mode.DEMO, data_dir=tmp_path, vault_keys_file=tmp_path / "keys"))


def test_the_demo_makes_a_key_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(mode=Mode.DEMO, data_dir=tmp_path / "data")

    first, second = key_source(settings)(), key_source(settings)()

    assert first == second
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["vault-keys"]
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_a_key_file_open_to_everybody_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"1:{KEY}")
    path.chmod(0o644)

    with pytest.raises(BadSetting, match="chmod 600"):
        key_source(Settings(vault_keys_file=path))


def test_a_key_is_added_to_the_file_and_seen_by_running_processes(tmp_path: Path) -> None:
    settings = Settings(mode=Mode.TEST, data_dir=tmp_path)
    source = key_source(settings)

    added = add_master_key(key_file(settings))

    assert (added, source().newest) == (2, 2)
    assert read_key_file(key_file(settings)) == source()
    assert os.listdir(tmp_path) == ["vault-keys"]


def test_keys_in_the_environment_have_no_file_to_change(tmp_path: Path) -> None:
    settings = Settings(vault_keys=f"1:{KEY}", data_dir=tmp_path)

    assert key_source(settings)().newest == 1
    with pytest.raises(BadSetting):
        key_file(settings)

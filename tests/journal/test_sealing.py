"""The sealer: every fact sealed once, in order, whoever crashes; signed in time; the database checked against it."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from journal.application import Journal
from journal.check_seals import Checked, check_database, keys_by_id
from journal.proof import fact_line, fields_of, genesis, link
from journal.seal import JournalAltered, NotTheSealer, Sealer, SealerOvertaken, public_keys, seal_until_now
from journal.settings import BadSetting, MissingSetting, Mode
from journal.signing_keys import SigningSettings, add_signing_key, known_signing_keys, signing_keys
from tests.journal.sample import ACME, JAR, ORIGIN, OTHER, add, jar
from tests.journal.sealing import FOREIGN_KEY, KEY, NEW_KEY, sealed, sealing, tampered

KEYS = keys_by_id({each.id: each.public_bytes for each in (KEY, NEW_KEY)})


@pytest.fixture
def told(journal: Journal, database: str) -> str:
    """A database with 60 facts of two MSPs, sealed and signed in three rounds."""
    for _ in range(3):
        for number in range(10):
            journal.execute(JAR, jar(f"jar-{number % 3}"), lambda _: add(1), ORIGIN)
            journal.execute(JAR, jar("jar", OTHER), lambda _: add(2), ORIGIN)
        sealed(database)
    return database


def first_finding(checked: Checked) -> tuple[str, int, str]:
    assert not checked.is_proven
    found = checked.findings[0]
    return found.msp, found.position, found.what


def test_the_chain_of_an_msp_is_what_the_documented_rule_gives(journal: Journal, told: str) -> None:
    value = genesis(ACME)
    for number, raw in enumerate(journal.raw(0, 1_000, msp=ACME), start=1):
        line = fact_line((number, raw.stream_id, raw.version, raw.topic, raw.recorded_at, raw.state))
        value = link(value, sha256(line).digest())

    with psycopg.connect(told) as connection:
        bodies = connection.execute("SELECT body FROM audit_checkpoints WHERE msp = 'acme' ORDER BY number").fetchall()

    assert [10, 20, 30] == [fields_of(body)["count"] for (body,) in bodies]
    assert value.hex() == fields_of(bodies[-1][0])["chain"]


def test_an_untouched_database_is_proven(told: str) -> None:
    checked = check_database(told, KEYS)

    assert checked.findings == []
    assert (60, 0, 2, 6, 3) == (checked.facts, checked.unsigned, checked.msps, checked.checkpoints, checked.heads)


def test_facts_after_the_last_checkpoint_are_counted_as_unsigned(journal: Journal, told: str) -> None:
    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
    with sealing(told) as sealer:
        sealer.seal()
        journal.execute(JAR, jar("jar-2"), lambda _: add(1), ORIGIN)

        checked = check_database(told, KEYS)

    assert checked.is_proven
    assert (62, 2) == (checked.facts, checked.unsigned)


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_batches_leave_the_same_chain_wherever_they_are_cut(journal: Journal, told: str, batch: int) -> None:
    for number in range(20):
        journal.execute(JAR, jar(f"jar-{number % 3}"), lambda _: add(1), ORIGIN)
    with sealing(told, batch=batch) as sealer:
        while sealer.seal():
            pass
        sealer.sign()

    assert check_database(told, KEYS).is_proven


def test_a_sealer_that_died_between_two_batches_leaves_nothing_out_and_nothing_twice(
    journal: Journal, told: str
) -> None:
    for number in range(20):
        journal.execute(JAR, jar(f"jar-{number % 3}"), lambda _: add(1), ORIGIN)
    for _ in range(4):
        with sealing(told, batch=6) as dying:
            dying.seal()

    sealed(told)

    with psycopg.connect(told) as connection:
        positions = connection.execute("SELECT unnest(positions) FROM audit_seals ORDER BY 1").fetchall()
    assert list(range(1, 81)) == [position for (position,) in positions]
    assert check_database(told, KEYS).is_proven


def test_a_second_sealer_does_not_get_the_lock_and_may_not_begin(told: str) -> None:
    with sealing(told), Sealer(told, lambda: KEY) as second:
        assert not second.try_lock()
        with pytest.raises(NotTheSealer):
            second.prepare()
        with pytest.raises(NotTheSealer):
            seal_until_now(told, lambda: KEY)


def test_a_sealer_that_lost_its_lock_unnoticed_is_stopped_by_the_position(journal: Journal, told: str) -> None:
    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
    with sealing(told) as late:
        late._connection.execute("SELECT pg_advisory_unlock_all()")
        sealed(told)

        with pytest.raises(SealerOvertaken):
            late.seal()

    assert check_database(told, KEYS).is_proven


def test_rounds_come_at_fixed_times_whether_or_not_somebody_recorded_something_before(
    journal: Journal, told: str
) -> None:
    def signed_at(*recorded_at: int) -> list[int]:
        """Seconds after its start at which a sealer that looks each second signs."""
        now = [100.0]
        with sealing(told, checkpoint_seconds=20, monotonic=lambda: now[0]) as sealer:
            found = []
            for second in range(70):
                now[0] = 100.0 + second
                if second in recorded_at:
                    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
                    sealer.seal()
                if sealer.sign_if_due():
                    found.append(second)
            return found

    assert [] == signed_at()
    assert [0] == signed_at(0)
    assert [60] == signed_at(45)
    assert [20, 60] == signed_at(1, 2, 20, 45)


def test_a_rotated_key_signs_from_then_on_and_the_old_checkpoints_stay_provable(journal: Journal, told: str) -> None:
    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
    sealed(told, NEW_KEY)

    with psycopg.connect(told) as connection:
        listed = public_keys(connection)
    with_both = check_database(told, KEYS)
    with_old = check_database(told, keys_by_id({KEY.id: KEY.public_bytes}))

    assert {KEY.id: KEY.public_bytes, NEW_KEY.id: NEW_KEY.public_bytes} == listed
    assert with_both.is_proven
    assert (ACME, 61, "checkpoint 4: it is signed with a key that is none of those given") == first_finding(with_old)


def test_sealed_and_signed_rows_refuse_to_be_changed(told: str) -> None:
    for table in ("audit_seals", "audit_checkpoints", "audit_heads"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET position = 1", f"TRUNCATE {table}"):
            with (
                psycopg.connect(told) as connection,
                pytest.raises(psycopg.errors.RaiseException, match="never changed"),
            ):
                connection.execute(statement.encode())


# --- tampering with the database ---------------------------------------------------------------------------------

SLIPPED_IN = """
INSERT INTO facts SELECT gen_random_uuid(), 1, topic, state, 1000, gen_random_uuid(), msp, kind, recorded_at
  FROM facts WHERE notification_id = 13
"""
CHANGED_BYTES = """
UPDATE facts SET state = convert_to(replace(convert_from(state, 'UTF8'), '"count":1', '"count":9'), 'UTF8')
 WHERE notification_id = 13
"""
SWAPPED = """
UPDATE facts SET notification_id = CASE notification_id WHEN 13 THEN 15 ELSE 13 END WHERE notification_id IN (13, 15)
"""
ALTERED_CHECKPOINT = """
UPDATE audit_checkpoints SET body = convert_to(replace(convert_from(body, 'UTF8'), '"count":20', '"count":19'), 'UTF8')
 WHERE msp = 'acme' AND number = 2
"""
TAMPERINGS: dict[str, tuple[str, tuple[str, int, str]]] = {
    "bytes changed": (
        CHANGED_BYTES,
        (ACME, 13, "this row is not the fact that was sealed"),
    ),
    "time changed": (
        "UPDATE facts SET recorded_at = recorded_at + interval '1 microsecond' WHERE notification_id = 13",
        (ACME, 13, "this row is not the fact that was sealed"),
    ),
    "type changed": (
        "UPDATE facts SET topic = 'organization.marbles-taken.v1' WHERE notification_id = 13",
        (ACME, 13, "this row is not the fact that was sealed"),
    ),
    "entry id changed": (
        "UPDATE facts SET entry_id = gen_random_uuid() WHERE notification_id = 13",
        (ACME, 13, "its column entry_id differs from its bytes"),
    ),
    "kind changed": (
        "UPDATE facts SET kind = 'connection' WHERE notification_id = 13",
        (ACME, 13, "its column kind differs from its bytes"),
    ),
    "first one removed": (
        "DELETE FROM facts WHERE notification_id = 1",
        (ACME, 1, "the fact that was sealed here is gone"),
    ),
    "middle one removed": (
        "DELETE FROM facts WHERE notification_id = 13",
        (ACME, 13, "the fact that was sealed here is gone"),
    ),
    "last one removed": (
        "DELETE FROM facts WHERE notification_id = 59",
        (ACME, 59, "the fact that was sealed here is gone"),
    ),
    "two swapped": (
        SWAPPED,
        (ACME, 13, "this row is not the fact that was sealed"),
    ),
    "one moved to another MSP": (
        "UPDATE facts SET msp = 'other' WHERE notification_id = 13",
        (ACME, 13, "the fact that was sealed here is gone"),
    ),
    "a checkpoint altered": (
        ALTERED_CHECKPOINT,
        (ACME, 39, "checkpoint 2: its signature is not right"),
    ),
    "a checkpoint removed": (
        "DELETE FROM audit_checkpoints WHERE msp = 'acme' AND number = 2",
        (ACME, 59, "checkpoint 3 is not the one that belongs here"),
    ),
    "the newest checkpoint removed": (
        "DELETE FROM audit_checkpoints WHERE msp = 'acme' AND number = 3",
        ("", 0, "head 3 does not cover the newest checkpoints: one was changed or is gone"),
    ),
    "a seal removed": (
        "DELETE FROM audit_seals WHERE msp = 'acme' AND count = 20",
        (ACME, 21, "this fact was slipped in: nobody sealed it"),
    ),
    "time moved beyond all calendars": (
        "UPDATE facts SET recorded_at = 'infinity' WHERE notification_id = 13",
        (ACME, 13, "its time of recording is none"),
    ),
    "time moved before all calendars": (
        "UPDATE facts SET recorded_at = '4000-01-01 BC' WHERE notification_id = 13",
        (ACME, 13, "its time of recording is none"),
    ),
    "a checkpoint made a list": (
        "UPDATE audit_checkpoints SET body = '[]' WHERE msp = 'acme' AND number = 2",
        (ACME, 39, "checkpoint 2: it is signed with a key that is none of those given"),
    ),
    "a checkpoint dated anew": (
        "UPDATE audit_checkpoints SET at = at - interval '1 day' WHERE msp = 'acme' AND number = 2",
        (ACME, 39, "checkpoint 2 is not the one that belongs here"),
    ),
    "a checkpoint shown under another key": (
        "UPDATE audit_checkpoints SET key = 'another' WHERE msp = 'acme' AND number = 2",
        (ACME, 39, "checkpoint 2 is not the one that belongs here"),
    ),
    "a checkpoint dated beyond all calendars": (
        "UPDATE audit_checkpoints SET at = 'infinity' WHERE msp = 'acme' AND number = 2",
        (ACME, 39, "checkpoint 2 is not the one that belongs here"),
    ),
    "a seal with a place that is none": (
        "UPDATE audit_seals SET positions[3] = NULL WHERE msp = 'acme' AND count = 20",
        (ACME, 21, "this fact was slipped in: nobody sealed it"),
    ),
    "a seal with places in two dimensions": (
        "UPDATE audit_seals SET positions = ARRAY[positions] WHERE msp = 'acme' AND count = 20",
        (ACME, 21, "this fact was slipped in: nobody sealed it"),
    ),
    "a head made a number": (
        "UPDATE audit_heads SET body = '7' WHERE number = 2",
        ("", 0, "head 2: it is signed with a key that is none of those given"),
    ),
    "a head dated anew": (
        "UPDATE audit_heads SET at = at - interval '1 day' WHERE number = 2",
        ("", 0, "head 2 is not the one that belongs here"),
    ),
    "a head moved in the journal": (
        "UPDATE audit_heads SET position = 1 WHERE number = 2",
        ("", 0, "head 2 is not the one that belongs here"),
    ),
    "a head shown under another key": (
        "UPDATE audit_heads SET key = 'another' WHERE number = 3",
        ("", 0, "head 3 is not the one that belongs here"),
    ),
    "the last head numbered anew": (
        "UPDATE audit_heads SET number = 4 WHERE number = 3",
        ("", 0, "head 4 is not the one that belongs here"),
    ),
    "a head removed": ("DELETE FROM audit_heads WHERE number = 2", ("", 0, "head 3 does not follow the one before it")),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_with_the_database_is_found_and_the_first_bad_fact_named(told: str, name: str) -> None:
    statement, expected = TAMPERINGS[name]
    # Swapping needs both positions at once.
    with psycopg.connect(told, autocommit=True) as owner:
        owner.execute("DROP INDEX facts_position")
    tampered(told, statement)

    assert expected == first_finding(check_database(told, KEYS))


def test_a_listed_key_that_is_none_breaks_no_check(told: str) -> None:
    tampered(told, "INSERT INTO audit_keys VALUES ('another', 'short', now())")

    with psycopg.connect(told) as connection:
        listed = keys_by_id(public_keys(connection))

    assert {KEY.id} == set(listed)


def test_a_fact_slipped_in_among_sealed_ones_is_found(told: str) -> None:
    with psycopg.connect(told, autocommit=True) as owner:
        owner.execute("DROP INDEX facts_position")
    tampered(told, SLIPPED_IN.replace("1000", "14"))

    checked = check_database(told, KEYS)

    assert (ACME, 14, "this fact was slipped in: nobody sealed it") == first_finding(checked)


def test_a_changed_fact_is_found_even_when_its_seal_was_rewritten_with_it(told: str) -> None:
    tampered(told, TAMPERINGS["bytes changed"][0])
    with psycopg.connect(told) as connection:
        row = connection.execute(
            "SELECT 7, originator_id, originator_version, topic, recorded_at, state FROM facts"
            " WHERE notification_id = 13",
            binary=True,
        ).fetchone()
    assert row is not None
    value = genesis(ACME)
    with psycopg.connect(told) as connection:
        seals = connection.execute(
            "SELECT position, positions, hashes FROM audit_seals WHERE msp = 'acme' ORDER BY position", binary=True
        ).fetchall()
    for position, positions, hashes in seals:
        before = value
        each = [hashes[place * 32 : place * 32 + 32] for place in range(len(positions))]
        if 13 in positions:
            each[positions.index(13)] = sha256(fact_line(row)).digest()
        for one in each:
            value = link(value, one)
        tampered(
            told,
            "UPDATE audit_seals SET value_before = %s, value = %s, hashes = %s WHERE msp = 'acme' AND position = %s",
            before,
            value,
            b"".join(each),
            position,
        )

    checked = check_database(told, KEYS)

    assert (ACME, 19, "the facts up to here do not lead to the signed checkpoint 1") == first_finding(checked)


def test_a_checkpoint_signed_anew_with_another_key_is_found(told: str) -> None:
    with psycopg.connect(told) as connection:
        row = connection.execute("SELECT body FROM audit_checkpoints WHERE msp = 'acme' AND number = 2").fetchone()
    assert row is not None
    tampered(
        told,
        "UPDATE audit_checkpoints SET signature = %s WHERE msp = 'acme' AND number = 2",
        FOREIGN_KEY.private.sign(row[0]),
    )

    assert (ACME, 39, "checkpoint 2: its signature is not right") == first_finding(check_database(told, KEYS))


def test_an_altered_journal_is_not_signed(journal: Journal, told: str) -> None:
    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
    tampered(told, "UPDATE facts SET msp = 'other' WHERE notification_id = 61")

    with sealing(told) as sealer, pytest.raises(JournalAltered, match="position 61: its column msp"):
        sealer.seal()


def test_a_journal_with_a_gap_is_not_signed(journal: Journal, told: str) -> None:
    for _ in range(3):
        journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)
    tampered(told, "DELETE FROM facts WHERE notification_id = 62")

    with sealing(told) as sealer, pytest.raises(JournalAltered, match="position 62: it holds no fact"):
        sealer.seal()


# --- keys ----------------------------------------------------------------------------------------------------------


def test_production_makes_up_no_signing_key(tmp_path: Path) -> None:
    with pytest.raises(MissingSetting, match="PSA_LEDGER_SIGNING_KEYS_FILE"):
        signing_keys(SigningSettings(), Mode.PRODUCTION, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_demo_makes_a_key_for_its_owner_only_and_keeps_it(tmp_path: Path) -> None:
    first = signing_keys(SigningSettings(), Mode.DEMO, tmp_path)()
    again = signing_keys(SigningSettings(), Mode.DEMO, tmp_path)()

    (file,) = tmp_path.iterdir()
    assert 0o600 == file.stat().st_mode & 0o777
    assert first.id == again.id
    assert "private" not in repr(first)


def test_an_added_key_is_used_without_a_restart(tmp_path: Path) -> None:
    current: Callable[..., object] = signing_keys(SigningSettings(), Mode.DEMO, tmp_path)
    (file,) = tmp_path.iterdir()

    added = add_signing_key(file)

    assert added == current()
    assert [1, 2] == [key.number for key in known_signing_keys(SigningSettings(), Mode.DEMO, tmp_path)]


def test_a_key_file_open_to_everybody_or_broken_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("1:c2VjcmV0")
    file.chmod(0o600)
    with pytest.raises(BadSetting) as broken:
        signing_keys(SigningSettings(file=file), Mode.PRODUCTION, tmp_path)
    file.chmod(0o644)
    with pytest.raises(BadSetting, match="chmod 600"):
        signing_keys(SigningSettings(file=file), Mode.PRODUCTION, tmp_path)

    assert "c2VjcmV0" not in str(broken.value)


def test_the_checkpoints_time_is_the_ledgers(journal: Journal, told: str) -> None:
    with psycopg.connect(told) as connection:
        connection.execute("INSERT INTO ledger_clock (shift) VALUES (%s)", (timedelta(days=400),))
    journal.execute(JAR, jar("jar-1"), lambda _: add(1), ORIGIN)

    sealed(told)

    with psycopg.connect(told) as connection:
        row = connection.execute("SELECT max(at) > now() + interval '399 days' FROM audit_checkpoints").fetchone()
    assert (True,) == row

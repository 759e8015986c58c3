"""Tables are made once, whoever asks first and however many ask at once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from journal.migrate import JOURNAL_STEPS, Step, StepChanged, migrate

NAMES = tuple(step.name for step in JOURNAL_STEPS)


def test_every_step_is_applied_once(empty_database: str) -> None:
    assert migrate(empty_database) == NAMES
    assert migrate(empty_database) == ()


def test_callers_at_the_same_time_share_the_work(empty_database: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: migrate(empty_database), range(6)))

    assert sorted(answers) == [()] * 5 + [NAMES]


def test_other_packages_add_steps_of_their_own(empty_database: str) -> None:
    more = (Step("views.0001-usage", "CREATE TABLE usage (n int)"),)
    migrate(empty_database)

    assert migrate(empty_database, (*JOURNAL_STEPS, *more)) == ("views.0001-usage",)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM usage").fetchone() == (0,)


def test_a_failing_step_leaves_the_database_as_it_was(empty_database: str) -> None:
    broken = (Step("a", "CREATE TABLE a (n int)"), Step("b", "CREATE TABLE b (n no_such_type)"))

    with pytest.raises(psycopg.errors.UndefinedObject):
        migrate(empty_database, broken)

    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('a'), to_regclass('schema_steps')").fetchone() == (None, None)


def test_an_edited_step_is_refused(empty_database: str) -> None:
    migrate(empty_database, (Step("a", "CREATE TABLE a (n int)"),))

    with pytest.raises(StepChanged) as caught:
        migrate(empty_database, (Step("a", "CREATE TABLE a (n bigint)"),))

    assert caught.value.name == "a"


def test_two_steps_of_one_name_are_a_bug(empty_database: str) -> None:
    with pytest.raises(ValueError, match="share a name"):
        migrate(empty_database, (Step("a", "SELECT 1"), Step("a", "SELECT 2")))


@pytest.mark.parametrize("statement", ["UPDATE facts SET msp = 'x'", "DELETE FROM facts", "TRUNCATE facts"])
def test_recorded_facts_can_not_be_changed_by_a_plain_statement(database: str, statement: str) -> None:
    with (
        psycopg.connect(database) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="never changed or deleted"),
    ):
        connection.execute(statement.encode())

"""The rows depend on the facts alone: not on where batches began, on restarts, or on what a cache still knew."""

import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.connection import CONNECTION, AttentionReason, raise_attention
from domain.organization import ORGANIZATION, OrganizationFact
from domain.streams import Stream, StreamKind, connection_stream
from journal.application import BrokenStream, Journal
from journal.codec import Codec
from journal.registry import CODEC
from journal.stored_form import UnknownFact
from projections.folds import AGGREGATES
from projections.follower import all_views, fold_until, rebuild_views
from projections.projector import MadeByNewerProgram, NotTheProjector, PositionMoved, Projector
from projections.rebuild import UnknownView
from projections.view import EVERY_KIND, Folds, Seen
from tests.projections.dump import dump, empty, rows
from tests.projections.story import ACME, Ledger, tell


def fold_in_batches(url: str, next_size: Callable[[], int], cached_states: int = 20_000) -> None:
    """Fold everything in batches of changing size, each by a projector of its own now and then."""
    while True:
        with Projector(url, CODEC, all_views(), batch=next_size(), cached_states=cached_states) as active:
            assert active.try_lock()
            active.prepare()
            if not active.fold():
                return
            active.fold()


def test_the_story_reaches_every_table(journal: Journal, ledger: str) -> None:
    """Without this the comparisons below could compare nothing with nothing."""
    tell(journal, seed=1, acts=600)

    fold_until(ledger)

    assert [table for table, found in dump(ledger, all_views()).items() if not found and table != "due_pushes"] == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), sizes=st.integers(1, 2**32), cached=st.sampled_from((1, 3, 20_000)))
def test_batches_cut_anywhere_give_the_same_rows(
    journal: Journal, ledger: str, seed: int, sizes: int, cached: int
) -> None:
    dice = random.Random(sizes)
    tell(journal, seed, acts=150)
    empty(ledger, all_views())
    fold_until(ledger)
    at_once = dump(ledger, all_views())

    empty(ledger, all_views())
    fold_in_batches(ledger, lambda: dice.choice((1, 2, 5, 17, 90, 400)), cached)

    assert at_once == dump(ledger, all_views())


def test_folding_again_changes_nothing(journal: Journal, ledger: str) -> None:
    tell(journal, seed=2, acts=200)
    fold_until(ledger)
    once = dump(ledger, all_views())

    fold_until(ledger)

    assert once == dump(ledger, all_views())
    assert {(journal.head(),)} == set(rows(ledger, "view_positions", "position"))


def test_facts_recorded_between_folds_give_what_one_fold_of_all_gives(journal: Journal, ledger: str) -> None:
    for seed in (3, 4, 5):
        tell(journal, seed, acts=80)
        fold_until(ledger)
    step_by_step = dump(ledger, all_views())

    empty(ledger, all_views())
    fold_until(ledger)

    assert dump(ledger, all_views()) == step_by_step


def test_folding_stops_at_the_position_asked_for(journal: Journal, ledger: str) -> None:
    tell(journal, seed=6, acts=100)

    reached = fold_until(ledger, 37)

    assert reached == 37
    assert rows(ledger, "history", "position")[-1:] == [(37,)]


def test_a_rebuild_gives_byte_equal_tables(journal: Journal, ledger: str) -> None:
    tell(journal, seed=7, acts=200)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with psycopg.connect(ledger) as vandal:
        vandal.execute("DELETE FROM organizations")
        vandal.execute("UPDATE additions SET base = 99")

    rebuild_views(ledger)

    assert before == dump(ledger, all_views())


def test_each_view_is_rebuilt_without_the_others(journal: Journal, ledger: str) -> None:
    tell(journal, seed=8, acts=200)
    fold_until(ledger)
    before = dump(ledger, all_views())

    for view in all_views():
        rebuild_views(ledger, [view.name])

        assert before == dump(ledger, all_views()), view.name


def test_a_view_of_an_older_version_is_folded_anew(journal: Journal, ledger: str) -> None:
    tell(journal, seed=9, acts=50)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with psycopg.connect(ledger) as older_program:
        older_program.execute("UPDATE view_positions SET version = 0 WHERE view = 'history'")
        older_program.execute("UPDATE history SET subject = 'as the older program wrote it'")
        older_program.execute("INSERT INTO view_positions VALUES ('a view that is no more', 3, 1)")

    fold_until(ledger)

    assert before == dump(ledger, all_views())
    assert ("a view that is no more",) not in rows(ledger, "view_positions", "view")


def test_an_older_program_leaves_newer_rows_alone_until_a_rebuild_is_asked_for(journal: Journal, ledger: str) -> None:
    tell(journal, seed=14, acts=30)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with psycopg.connect(ledger) as newer_program:
        newer_program.execute("UPDATE view_positions SET version = 99 WHERE view = 'history'")

    with pytest.raises(MadeByNewerProgram, match="history"):
        fold_until(ledger)

    assert before == dump(ledger, all_views())
    rebuild_views(ledger)
    assert before == dump(ledger, all_views())


def test_only_known_views_are_rebuilt(ledger: str) -> None:
    with pytest.raises(UnknownView, match="no view is called usage"):
        rebuild_views(ledger, ["usage"])


def test_views_see_other_streams_as_they_were_at_the_entry(journal: Journal, ledger: str) -> None:
    tell(journal, seed=10, acts=250)
    expected: list[tuple[int, dict[Stream, int]]] = []
    connection_versions: dict[Stream, int] = {}
    organizations: dict[Stream, int] = {}
    for entry in journal.read(0, 10_000):
        if entry.stream == connection_stream(ACME):
            connection_versions[entry.stream] = entry.version
        if entry.stream.kind is StreamKind.ORGANIZATION and entry.msp == ACME:
            organizations[entry.stream] = entry.version
        expected.append((connection_versions.get(connection_stream(ACME), 0), dict(organizations)))

    class Witness:
        name, version, steps, tables = "witness", 1, (), ()
        kinds = EVERY_KIND
        seen: list[tuple[int, dict[Stream, int]]] = []  # noqa: RUF012 - one witness, one test

        def see(self, seen: Seen, folds: Folds) -> None:
            states = folds.states_of(ORGANIZATION, ACME)
            found = {stream: state.version for stream, state in states.items()}
            self.seen.append((folds.state(CONNECTION, connection_stream(ACME)).version, found))

        def write(self, connection: psycopg.Connection[Any]) -> None:
            return

    witness = Witness()
    with Projector(ledger, CODEC, [witness], batch=23, cached_states=2) as active:
        active.try_lock()
        active.prepare()
        while active.fold():
            pass

    assert expected == witness.seen


def test_a_second_projector_folds_nothing(journal: Journal, ledger: str) -> None:
    tell(journal, seed=11, acts=10)
    with Projector(ledger, CODEC, all_views()) as active:
        assert active.try_lock()

        with pytest.raises(NotTheProjector):
            fold_until(ledger)
        with Projector(ledger, CODEC, all_views()) as second:
            assert not second.try_lock()
            with pytest.raises(NotTheProjector):
                second.prepare()


def test_a_projector_that_was_overtaken_fails_and_writes_nothing(journal: Journal, ledger: str) -> None:
    tell(journal, seed=12, acts=60)
    with Projector(ledger, CODEC, all_views(), batch=20) as slow:
        assert slow.try_lock()
        slow.prepare()
        slow.fold()
        with psycopg.connect(ledger) as intruder:
            intruder.execute("UPDATE view_positions SET position = 30 WHERE view = 'runs'")
        before = dump(ledger, all_views())

        with pytest.raises(PositionMoved):
            slow.fold()

    assert before == dump(ledger, all_views())


def test_an_unknown_fact_stops_the_projector_loudly(journal: Journal, ledger: str) -> None:
    tell(journal, seed=13, acts=30)
    fold_until(ledger, 5)
    older_program = Codec({StreamKind.ORGANIZATION: OrganizationFact})

    with pytest.raises(UnknownFact):
        fold_until(ledger, codec=older_program)

    assert {(5,)} == set(rows(ledger, "view_positions", "position"))


def test_every_kind_of_stream_can_be_folded() -> None:
    assert set(StreamKind) == set(AGGREGATES)


def test_a_stream_with_a_gap_stops_the_projector(journal: Journal, ledger: str) -> None:
    Ledger(journal).create("globex")
    Ledger(journal).licenses("globex", 5)
    with psycopg.connect(ledger) as vandal:
        vandal.execute("ALTER TABLE facts DISABLE TRIGGER facts_are_for_ever")
        vandal.execute("UPDATE facts SET originator_version = 3 WHERE originator_version = 2")

    with pytest.raises(BrokenStream):
        fold_until(ledger)


def test_text_that_postgresql_can_not_hold_does_not_stop_the_projector(journal: Journal, ledger: str) -> None:
    teller = Ledger(journal)
    teller.connect()
    teller.on_connection(raise_attention, AttentionReason.SITE_UNREACHABLE, "a\0b \\u0000")

    fold_until(ledger)

    assert rows(ledger, "connections", "attention_detail") == [("a\ufffdb \\u0000",)]

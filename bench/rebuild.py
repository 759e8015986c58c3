"""Folding views anew from a large journal while they are read.

Promises: the usage view and the mapping views at 25,000 facts/s each, all views together at 8,000; memory under 300 MB;
reads answered throughout from the old version, and the change-over in under a second, here the longest that a reader
had to wait. The rival is the event library's own way of folding, one event and one transaction at a time.
"""

import multiprocessing
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from bench.figures import Figure, Told, at_least, at_most
from bench.ledger_of_facts import tell_facts
from cli.processes import make_tables
from journal.postgres import EmbeddedPostgres
from journal.registry import CODEC
from projections.follower import rebuild_views
from projections.projector import Projector
from projections.usage_to_date import UsageToDate

FACTS = int(os.environ.get("PSA_LEDGER_BENCH_FACTS", "40000"))
"""500,000 for the whole promise; the rate does not depend on it."""
ONE_BY_ONE = 500


def measure() -> Iterator[Told]:
    with (
        tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data,
        EmbeddedPostgres(Path(data, "postgres"), durable=True) as server,
    ):
        make_tables(server.url)
        tell_facts(server.url, FACTS)
        one_by_one = _one_by_one(server.url)
        first, _, _ = _rebuilt(server.url, None)
        yield f"{FACTS:,} facts; folded for the first time at {first:,.0f} facts/s"
        for name, views in (("usage", ["usage_to_date"]), ("mappings", ["product_mappings", "company_mappings"])):
            rate, _, _ = _rebuilt(server.url, views)
            yield at_least(f"the view of {name} anew", rate, "facts/s", 25_000)
        with _reading(server.url) as waits:
            rate, megabytes, of_processor = _rebuilt(server.url, None)
        yield at_least("all views anew, read meanwhile", rate, "facts/s", 8_000)
        yield Figure("all views anew", rate, "facts/s", "one event a transaction, one view", one_by_one, None)
        yield at_most("memory", megabytes, "MB", 300)
        yield f"{of_processor:,.0f} facts per second of the rebuild's own processor time, whatever else runs here"
        yield at_most("longest wait of a reader", max(waits) * 1000, "ms", 1_000)


def _one_by_one(url: str) -> float:
    with Projector(url, CODEC, (UsageToDate(),), batch=1, in_workshop=False) as projector:
        projector.try_lock()
        projector.prepare()
        began = time.perf_counter()
        for _ in range(ONE_BY_ONE):
            projector.fold()
        return projector.position / (time.perf_counter() - began)


def _rebuilt(url: str, names: Sequence[str] | None) -> tuple[float, int, float]:
    """Rebuild in a process of its own, as the command does.

    Shape: facts a second, megabytes at most, facts a second of processor time.
    """
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_rebuild, args=(url, names, theirs))
    process.start()
    theirs.close()  # so that an end without an answer is heard
    seconds, megabytes, of_processor = ours.recv()
    process.join()
    return FACTS / seconds, megabytes, FACTS / of_processor


def _rebuild(url: str, names: Sequence[str] | None, told: "Connection[tuple[float, int, float], None]") -> None:
    began, used = time.perf_counter(), time.process_time()
    position = rebuild_views(url, names)
    seconds, of_processor = time.perf_counter() - began, time.process_time() - used
    assert position == FACTS
    most = re.search("VmHWM:[^0-9]*([0-9]+) kB", Path("/proc/self/status").read_text())
    assert most is not None
    told.send((seconds, int(most[1]) // 1024, of_processor))


@contextmanager
def _reading(url: str) -> Iterator[list[float]]:
    """Ask the views all the time; gives the seconds that each answer took. Raises: AssertionError for half a view."""
    over, waits = threading.Event(), [0.0]

    def read() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
            whole = connection.execute(_QUESTION).fetchone()
            while not over.is_set():
                began = time.perf_counter()
                assert whole == connection.execute(_QUESTION).fetchone()
                waits.append(time.perf_counter() - began)
                over.wait(0.01)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield waits
    finally:
        over.set()
        reader.join()


_QUESTION = (
    "SELECT (SELECT count(*) FROM usage_to_date), (SELECT max(position) FROM history),"
    " (SELECT min(position) FROM view_positions)"
)

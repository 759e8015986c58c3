"""The projector process: which views there are, and the loop that keeps them current.

It listens first and reads afterwards, wakes on NOTIFY and polls each second anyway. One projector is active, others
stand by and take over within a second or two after it is gone. A lost connection is no bug: it is told, and the loop
starts again from the stored positions. Everything else ends the process with a traceback; whoever started it starts
it again, and it goes on from the same positions.

Views that an older version of the code has made are kept as they are, and folded anew beside (`projections.rebuild`).
The same process seals the journal (`journal.keep_sealing`), in a thread and under a lock of its own: a slow view does
not delay a checkpoint, nor the other way round.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence

import psycopg

from journal.codec import Codec
from journal.follow import POLL_SECONDS, FactsListener, ListenerLost
from journal.keep_sealing import keep_sealing
from journal.migrate import JOURNAL_STEPS, Step
from journal.registry import CODEC
from journal.seal_tables import SEAL_STEPS
from journal.settings import MissingSetting, Settings, settings_from
from journal.signing_keys import signing_keys, signing_settings_from
from projections import directory, projector
from projections.additions import Additions
from projections.company_mappings import CompanyMappings
from projections.connections import Connections
from projections.due_pushes import DuePushes
from projections.exceptions import Exceptions
from projections.history import History
from projections.licenses_by_day import LicensesByDay
from projections.month_end import MonthEnd
from projections.product_mappings import ProductMappings
from projections.projector import NotTheProjector, PositionMoved, Projector, seldom_collected
from projections.reads.standing import watching
from projections.rebuild import AnotherRebuild, Progress, RebuildTakesLonger, Tell, chosen, rebuild
from projections.runs import Runs
from projections.usage_to_date import UsageToDate
from projections.view import View
from telemetry.numbers import Numbers
from telemetry.settings import telemetry_settings_from

STALE_SECONDS = 2.0
"""How often the process looks for views that an older version of its code has made."""
STAND_BY_SECONDS = 0.5
"""How often a projector that stands by looks whether the active one is gone."""
FEW = 200
"""A batch of fewer facts costs more for being a batch than for its facts."""
REST_TO_FOLD, LONGEST_REST_SECONDS = 3, 0.03
"""While facts come faster than they are folded one by one, how long to gather more of them."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0

_log = logging.getLogger("psa_ledger.projector")


def all_views() -> tuple[View, ...]:
    """Every view of the ledger, each new and empty-handed, in the order in which they are written.

    Why this one: due pushes read their rows before they write, and must not wait for the others' to be written; the
    history takes PostgreSQL longest, which is then at work on it while the next facts are read.
    """
    return (
        DuePushes(),
        Connections(),
        ProductMappings(),
        CompanyMappings(),
        UsageToDate(),
        LicensesByDay(),
        Additions(),
        Exceptions(),
        Runs(),
        MonthEnd(),
        History(),
    )


def ledger_steps() -> tuple[Step, ...]:
    """The tables of the journal, its seals, every view and the directory, in the order in which they are made."""
    of_views = [step for view in all_views() for step in view.steps]
    return (*JOURNAL_STEPS, *SEAL_STEPS, *projector.STEPS, *of_views, *directory.STEPS)


def fold_until(
    url: str, position: int | None = None, *, views: Sequence[View] | None = None, codec: Codec | None = None
) -> int:
    """Fold what is recorded, up to a position or to the end, in this thread; for tests and the command line.

    Shape: the position up to which all views are folded.
    Raises: NotTheProjector when a projector is at work: then wait for it instead (`freshness`).
    """
    known = all_views() if views is None else tuple(views)
    with Projector(url, codec or CODEC, known) as active:
        if not active.try_lock():
            raise NotTheProjector("another projector is active")
        active.prepare()
        if active.stale:
            rebuild(url, chosen(active.stale, known), codec or CODEC)
            active.prepare()
        while active.fold(position):
            pass
        return active.position


def rebuild_views(
    url: str,
    names: Sequence[str] | None = None,
    *,
    timeout_seconds: float = 3_600.0,
    tell: Tell = lambda _: None,
) -> int:
    """Fold some views, or all of them, anew beside the ones that are read meanwhile; the projector may be at work.

    Shape: the position up to which they are folded at least.
    Raises: UnknownView, RebuildTakesLonger, and what folding raises.
    """
    return rebuild(url, chosen(names, all_views()), CODEC, timeout_seconds=timeout_seconds, tell=tell)


def rebuild_what_is_stale(url: str, stop: threading.Event) -> None:
    """Fold anew, beside the projector, whatever an older version of the code has made; go on until told to stop."""
    while not stop.wait(STALE_SECONDS):
        try:
            if names := _stale_views(url):
                _log.info("folding %s anew", ", ".join(names))
                rebuild(url, chosen(names, all_views()), CODEC, waits_for_others=False, tell=_log_progress)
        except AnotherRebuild:
            continue  # the projector that stands by does the same
        except (psycopg.OperationalError, RebuildTakesLonger) as error:
            _log.warning("the rebuild starts again later: %s", error)


def _stale_views(url: str) -> list[str]:
    """As the projector has begun to keep them; views that were never folded are its own business."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        rows = connection.execute("SELECT view, version FROM view_positions WHERE position > 0").fetchall()
    stored: dict[str, int] = dict(rows)
    return [view.name for view in all_views() if stored.get(view.name, view.version) < view.version]


def _log_progress(progress: Progress) -> None:
    _log.info("folded %d of %d facts (%.0f %%)", progress.folded, progress.head, progress.part * 100)


def follow_journal(
    url: str, codec: Codec, views: Sequence[View], stop: threading.Event, numbers: Numbers | None = None
) -> None:
    """Stand by until no other projector is active, then fold whatever is recorded until told to stop.

    Raises: psycopg.OperationalError, ListenerLost, PositionMoved, and what `Projector.fold` raises.
    """
    with Projector(url, codec, views) as active, seldom_collected():
        while not active.try_lock():
            if stop.wait(STAND_BY_SECONDS):
                return
        with FactsListener(url) as listener:
            active.prepare()
            _log.info("folding from position %s", active.position)
            has_waited = True
            while not stop.is_set():
                began = time.monotonic()
                if folded := active.fold():
                    lasted = time.monotonic() - began
                    if numbers is not None:
                        numbers.folded(folded, lasted)
                    if not has_waited and folded < FEW:
                        # Facts come faster than they are folded one by one: rest, and fold more of them at once.
                        stop.wait(min(REST_TO_FOLD * lasted, LONGEST_REST_SECONDS))
                    has_waited = False
                else:
                    active.check()
                    listener.wait(POLL_SECONDS)
                    has_waited = True


def keep_following(url: str, stop: threading.Event, numbers: Numbers | None = None) -> None:
    """Follow, and follow again when the connection was lost or the positions were moved, until told to stop.

    Raises: whatever is no such thing; a bug is not cured by trying again here.
    """
    pause = SHORTEST_PAUSE_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            follow_journal(url, CODEC, all_views(), stop, numbers)
        except (psycopg.OperationalError, ListenerLost, PositionMoved) as error:
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = SHORTEST_PAUSE_SECONDS
            _log.warning("the projector starts again in %.1f s: %s", pause, error)
            if stop.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


class _Beside:
    """A thread beside the follower. Its end is the process's end; what ended it is raised by `join`."""

    def __init__(self, name: str, work: Callable[[], None], stop: threading.Event) -> None:
        self._error: BaseException | None = None
        self._stop = stop
        self._thread = threading.Thread(target=self._run, args=(work,), name=name)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised by `join` in the main thread
            self._error = error
        finally:
            self._stop.set()


def main(settings: Settings | None = None) -> int:
    """Run the projector and the sealer until SIGTERM or SIGINT. Returns the process's exit status.

    Raises: MissingSetting without a database, or in production without a signing key; what either of the two raises.
    """
    settings = settings_from() if settings is None else settings
    if settings.database_url is None:
        raise MissingSetting("PSA_LEDGER_DATABASE_URL", "the projector needs a database")
    keys = signing_keys(signing_settings_from(), settings.mode, settings.data_dir)
    watched, numbers = telemetry_settings_from(), Numbers()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url = settings.database_url
    beside = (
        _Beside("sealer", lambda: keep_sealing(url, keys, stop), stop),
        _Beside("rebuild", lambda: rebuild_what_is_stale(url, stop), stop),
    )
    for each in beside:
        each.start()
    try:
        with watching(watched.listen, url, numbers):
            keep_following(url, stop, numbers)
    finally:
        stop.set()
        for each in beside:
            each.join()
    return 0

"""How the whole ledger stands, in a few numbers: what operators watch, and what tells that something is wrong.

Everything is asked of the database in one go, so that every process can tell it, also when the one that should do the
work is gone. Totals only: no name of an MSP, no id. Ages are by the ledger's clock.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from journal.seal import LOCK as SEALER_LOCK
from projections.exceptions import ATTENTION
from projections.projector import LOCK as PROJECTOR_LOCK
from projections.reads.gates import IS_NEWS, LANE_IS_FREE, MONTH, MONTH_IS_CLOSED
from telemetry.listener import Question, listening
from telemetry.numbers import Gauge, Numbers
from telemetry.settings import Address

_log = logging.getLogger("psa_ledger.standing")

REMEMBERED_SECONDS = 5.0
"""Many who ask at once, or somebody who asks without end, cost the database one look."""
ANSWER_MILLISECONDS = 10_000

VIEWS_MAY_LAG_SECONDS = 60.0
CLOSE_MAY_TAKE_SECONDS = 1800.0
MAY_BE_UNSIGNED_SECONDS = 300.0
PUSHES_MAY_WAIT_SECONDS = 900.0
DISPATCHER = "psa-ledger dispatcher"
AGES = (("under_1m", 60.0), ("under_10m", 600.0), ("under_1h", 3600.0), ("under_1d", 86_400.0), ("older", None))


@dataclass(frozen=True, slots=True)
class Due:
    """Pushes of one lane in one state. `ages` counts them by `AGES`, `oldest` is in seconds.

    State: `due` could be pushed now or after a back-off; `later` waits for a gate of the month end or for a day;
    `stopped` for its connection; `held` and `refused` for a person.
    """

    lane: str
    state: str
    ages: Mapping[str, int]
    oldest: float

    @property
    def count(self) -> int:
        return sum(self.ages.values())


@dataclass(frozen=True, slots=True)
class Close:
    """The month whose close is due: how many MSPs are at which step, and for how long it is due in seconds."""

    month: str
    age: float
    open: int
    writing: int
    stuck: int
    verified: int

    @property
    def overdue(self) -> float:
        """Seconds by which the slowest MSP's close is late."""
        return self.age if self.open else 0.0


@dataclass(frozen=True, slots=True)
class ViewLag:
    """How far a view is behind the journal. `seconds` is the age of the oldest fact it does not show."""

    view: str
    facts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One look. Units: seconds by the ledger's clock. Shape: maps by status, reason, problem and kind."""

    facts: int
    views: tuple[ViewLag, ...]
    due: tuple[Due, ...]
    close: Close
    connections: Mapping[str, int]
    attention: Mapping[str, tuple[int, float]]
    exceptions: Mapping[str, int]
    runs: Mapping[str, tuple[int, float]]
    unsigned_seconds: float
    requests_in_flight: int
    tenants_throttled: int
    projectors: int
    standbys: int
    sealers: int
    dispatchers: int
    database_connections: int
    database_connections_most: int

    @property
    def lag_facts(self) -> int:
        return max((view.facts for view in self.views), default=0)

    @property
    def lag_seconds(self) -> float:
        return max((view.seconds for view in self.views), default=0.0)

    def oldest(self, state: str) -> float:
        """Seconds for which the oldest push in a state waits; 0 when none does."""
        return max((due.oldest for due in self.due if due.state == state), default=0.0)

    def count(self, state: str) -> int:
        return sum(due.count for due in self.due if due.state == state)


_VIEWS: LiteralString = """
SELECT v.view, head.position - v.position,
       coalesce(extract(epoch FROM ledger_now()
         - (SELECT recorded_at FROM facts WHERE notification_id = v.position + 1)), 0)::float8
  FROM view_positions v, (SELECT coalesce(max(notification_id), 0) AS position FROM facts) AS head
 ORDER BY v.view
"""

_DUE: LiteralString = f"""
WITH msps AS MATERIALIZED (
  SELECT c.msp, c.site, c.company_id, c.status, c.hold_days, {MONTH_IS_CLOSED} AS is_closed
    FROM connections c {MONTH}
), due AS (
  SELECT d.lane, extract(epoch FROM now.at - d.due_since) AS age,
         CASE WHEN d.state <> 'DUE' THEN lower(d.state)
              WHEN c.status IS DISTINCT FROM 'ACTIVE' THEN 'stopped'
              WHEN c.is_closed AND {LANE_IS_FREE} THEN 'due'
              ELSE 'later' END AS state
    FROM (SELECT ledger_now() AS at) AS now
   CROSS JOIN due_pushes d
    LEFT JOIN msps c ON c.msp = d.msp AND c.site = d.site AND c.company_id = d.company_id
    LEFT JOIN push_attempts a ON a.addition = d.addition
    LEFT JOIN additions line ON line.addition = d.addition AND c.hold_days > 0
    {MONTH}
   WHERE d.state <> 'DUE' OR {IS_NEWS}
)
SELECT lane, state,
       count(*) FILTER (WHERE age < 60),
       count(*) FILTER (WHERE age >= 60 AND age < 600),
       count(*) FILTER (WHERE age >= 600 AND age < 3600),
       count(*) FILTER (WHERE age >= 3600 AND age < 86400),
       count(*) FILTER (WHERE age >= 86400),
       greatest(max(age), 0)::float8
  FROM due GROUP BY lane, state ORDER BY lane, state
"""  # noqa: S608 - put together from this program's own constants

_CLOSE: LiteralString = """
SELECT month.previous, extract(epoch FROM ledger_now() - month.begins_at - interval '30 minutes')::float8,
       count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'writing'),
       count(*) FILTER (WHERE state = 'stuck'), count(*) FILTER (WHERE state = 'verified')
  FROM (SELECT begins AT TIME ZONE 'UTC' AS begins_at, to_char(begins - interval '1 day', 'YYYY-MM') AS previous
          FROM (SELECT date_trunc('month', (ledger_now() - interval '30 minutes') AT TIME ZONE 'UTC') AS begins) AS m
       ) AS month
  LEFT JOIN LATERAL (
       SELECT CASE WHEN NOT EXISTS (SELECT FROM runs r WHERE r.msp = c.msp AND r.kind = 'FINAL'
                                       AND r.month = month.previous AND r.planned_at IS NOT NULL) THEN 'open'
                   WHEN finals.due > 0 THEN 'writing'
                   WHEN finals.other > 0 THEN 'stuck'
                   ELSE 'verified' END AS state
         FROM connections c
        CROSS JOIN LATERAL (
              SELECT count(*) FILTER (WHERE d.state = 'DUE') AS due, count(*) FILTER (WHERE d.state <> 'DUE') AS other
                FROM due_pushes d WHERE d.msp = c.msp AND d.lane = 'FINAL' AND d.month = month.previous) AS finals
        WHERE c.status <> 'NOT_CONNECTED' AND c.has_products AND c.connected_at < month.begins_at
          AND c.products_mapped_at < month.begins_at + interval '30 minutes') AS msps ON true
 GROUP BY month.previous, month.begins_at
"""
"""As the dispatcher works out which months are to be closed (`workers.dispatch`)."""

_UNSIGNED: LiteralString = """
SELECT greatest(0, extract(epoch FROM ledger_now() - least(
  (SELECT recorded_at FROM facts WHERE notification_id = coalesce((SELECT position FROM audit_position), 0) + 1),
  (SELECT min(first.recorded_at)
     FROM audit_chains c
    CROSS JOIN LATERAL (SELECT f.recorded_at FROM facts f WHERE f.msp = c.msp AND f.notification_id > c.signed_position
                         ORDER BY f.notification_id LIMIT 1) AS first
    WHERE c.position > c.signed_position))))::float8
"""

_REST: LiteralString = """
SELECT (SELECT coalesce(max(notification_id), 0) FROM facts),
       (SELECT count(*) FROM request_places p JOIN request_processes l ON l.process = p.process
         WHERE p.until > clock_timestamp() AND l.until > clock_timestamp()),
       (SELECT count(*) FROM request_budgets WHERE closed_until > clock_timestamp()),
       (SELECT count(*) FROM locks WHERE objid = %(projector)s),
       (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'psa-ledger projector')
         - (SELECT count(*) FROM locks WHERE objid = %(projector)s),
       (SELECT count(*) FROM locks WHERE objid = %(sealer)s),
       (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = %(dispatcher)s),
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
"""

_LOCKS: LiteralString = """
WITH locks AS MATERIALIZED (
  SELECT objid FROM pg_locks
   WHERE locktype = 'advisory' AND granted AND classid = 0
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def read_standing(connection: psycopg.Connection[Any]) -> Standing:
    """Raises: psycopg.Error when the database can not be asked or has no tables yet."""

    def rows(query: LiteralString, **parameters: object) -> list[tuple[Any, ...]]:
        return connection.execute(query, parameters).fetchall()

    [(unsigned,)] = rows(_UNSIGNED)
    [close] = rows(_CLOSE)
    [rest] = rows(_LOCKS + _REST, projector=PROJECTOR_LOCK, sealer=SEALER_LOCK, dispatcher=DISPATCHER)
    names = [name for name, _ in AGES]
    return Standing(
        facts=rest[0],
        views=tuple(ViewLag(*row) for row in rows(_VIEWS)),
        due=tuple(
            Due(lane, state, dict(zip(names, ages, strict=True)), oldest) for lane, state, *ages, oldest in rows(_DUE)
        ),
        close=Close(*close),
        connections=dict(rows("SELECT status, count(*) FROM connections GROUP BY status ORDER BY status")),
        attention={
            reason: (count, age)
            for reason, count, age in rows(
                "SELECT reason, count(*), extract(epoch FROM ledger_now() - min(since))::float8"
                "  FROM exceptions WHERE problem = %(attention)s GROUP BY reason ORDER BY reason",
                attention=ATTENTION,
            )
        },
        exceptions=dict(
            rows(
                "SELECT problem, count(*) FROM exceptions WHERE problem <> %(attention)s"
                " GROUP BY problem ORDER BY problem",
                attention=ATTENTION,
            )
        ),
        runs={
            kind: (count, age)
            for kind, count, age in rows(
                "SELECT kind, count(*), extract(epoch FROM ledger_now() - min(requested_at))::float8"
                "  FROM runs WHERE finished_at IS NULL GROUP BY kind ORDER BY kind"
            )
        },
        unsigned_seconds=unsigned or 0.0,
        requests_in_flight=rest[1],
        tenants_throttled=rest[2],
        projectors=rest[3],
        standbys=max(rest[4], 0),
        sealers=rest[5],
        dispatchers=rest[6],
        database_connections=rest[7],
        database_connections_most=rest[8],
    )


class StandingReader:
    """Reads how the ledger stands, at most once in a few seconds. Thread-safe."""

    def __init__(
        self,
        url: str,
        *,
        remembered_seconds: float = REMEMBERED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._remembered_seconds = remembered_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Standing | psycopg.Error | None = None
        self._known_until = 0.0

    def now(self) -> Standing:
        """Raises: psycopg.Error when the database can not be asked."""
        with self._lock:
            began = self._clock()
            if self._known is None or began >= self._known_until:
                try:
                    self._known = self._read()
                except psycopg.Error as error:
                    self._known = error
                # However large the ledger, looking at it takes a tenth of the time at most.
                ended = self._clock()
                self._known_until = ended + (
                    max(self._remembered_seconds, 9 * (ended - began)) if self._remembered_seconds else 0
                )
            if isinstance(self._known, psycopg.Error):
                raise self._known
            return self._known

    def _read(self) -> Standing:
        with psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name="psa-ledger standing",
            options=f"-c TimeZone=UTC -c statement_timeout={ANSWER_MILLISECONDS}",
        ) as connection:
            return read_standing(connection)

    def gauges(self) -> Sequence[Gauge]:
        """For Prometheus. Without a database, or when it takes too long, one gauge says whether it is there."""
        try:
            standing = self.now()
        except psycopg.errors.QueryCanceled:
            return [_database(True)]
        except psycopg.Error:
            return [_database(False)]
        return [_database(True), *gauges(standing)]

    def questions(self) -> Sequence[Question]:
        """For `/ready`."""
        try:
            standing = self.now()
        except psycopg.Error as error:
            return [Question("database", False, f"the database can not be asked ({type(error).__name__})")]
        return [Question("database", True, f"answers; {standing.facts} facts"), *questions(standing)]


@contextmanager
def watching(listen: Address | None, url: str, numbers: Numbers) -> Iterator[StandingReader]:
    """Tell how the ledger stands beside the process's own numbers, at an address of their own where one is set.

    Raises: OSError when the address is taken.
    """
    standing = StandingReader(url)
    numbers.look_up(standing.gauges)
    with ExitStack() as opened:
        opened.enter_context(numbers.counting_errors())
        if listen is not None:
            port = opened.enter_context(listening(listen, numbers, standing.questions))
            _log.info("numbers at http://%s:%s/metrics", listen.host, port)
        yield standing


def _database(is_up: bool) -> Gauge:
    return Gauge("database_up", "Whether this process reaches the database.", (), {(): float(is_up)})


def gauges(standing: Standing) -> Sequence[Gauge]:
    """What Prometheus is told."""
    s = standing
    return [
        Gauge("journal_facts", "Position of the newest fact.", (), {(): s.facts}),
        Gauge("view_lag_facts", "Facts that a view does not show.", ("view",), {(v.view,): v.facts for v in s.views}),
        Gauge(
            "view_lag_seconds",
            "Age of the oldest fact that a view does not show.",
            ("view",),
            {(v.view,): v.seconds for v in s.views},
        ),
        Gauge(
            "due_pushes",
            "Due pushes by lane, state and age.",
            ("lane", "state", "age"),
            {(due.lane, due.state, age): count for due in s.due for age, count in due.ages.items()},
        ),
        Gauge(
            "oldest_due_push_seconds",
            "For how long the oldest due push waits, by lane and state.",
            ("lane", "state"),
            {(due.lane, due.state): due.oldest for due in s.due},
        ),
        Gauge(
            "close_msps",
            "MSPs by how far the last month's close is.",
            ("state",),
            {
                ("open",): s.close.open,
                ("writing",): s.close.writing,
                ("stuck",): s.close.stuck,
                ("verified",): s.close.verified,
            },
        ),
        Gauge("close_age_seconds", "Since the last close fell due.", (), {(): s.close.age}),
        Gauge("close_overdue_seconds", "By how much the slowest MSP's close is late.", (), {(): s.close.overdue}),
        Gauge(
            "connections", "Connections by status.", ("status",), {(status,): n for status, n in s.connections.items()}
        ),
        Gauge(
            "attention_connections",
            "Connections that ConnectWise refuses, by reason.",
            ("reason",),
            {(reason,): count for reason, (count, _) in s.attention.items()},
        ),
        Gauge(
            "attention_seconds",
            "For how long the oldest of them waits for somebody.",
            ("reason",),
            {(reason,): age for reason, (_, age) in s.attention.items()},
        ),
        Gauge("exceptions", "Open exceptions by problem.", ("problem",), {(p,): n for p, n in s.exceptions.items()}),
        Gauge("runs", "Unfinished runs by kind.", ("kind",), {(kind,): n for kind, (n, _) in s.runs.items()}),
        Gauge(
            "run_seconds",
            "Since the oldest unfinished run was asked for.",
            ("kind",),
            {(kind,): age for kind, (_, age) in s.runs.items()},
        ),
        Gauge("unsigned_seconds", "Age of the oldest fact under no signed checkpoint.", (), {(): s.unsigned_seconds}),
        Gauge("psa_requests_in_flight", "Places of the budgets in use.", (), {(): s.requests_in_flight}),
        Gauge("psa_tenants_throttled", "Tenants that asked us to stay away.", (), {(): s.tenants_throttled}),
        Gauge("projectors_active", "Projectors that fold.", (), {(): s.projectors}),
        Gauge("projectors_standing_by", "Projectors that would take over.", (), {(): s.standbys}),
        Gauge("sealers_active", "Processes that seal and sign.", (), {(): s.sealers}),
        Gauge("dispatchers", "Workers that look for what is due.", (), {(): s.dispatchers}),
        Gauge("database_connections", "Connections of the server in use.", (), {(): s.database_connections}),
        Gauge("database_connections_most", "Connections it allows.", (), {(): s.database_connections_most}),
    ]


def questions(standing: Standing) -> Sequence[Question]:
    """What an operator wants to be true of the whole ledger."""
    s = standing
    waits = s.oldest("due")
    return [
        Question(
            "views",
            s.lag_seconds <= VIEWS_MAY_LAG_SECONDS,
            f"the views are {s.lag_facts} facts and {duration(s.lag_seconds)} behind" if s.lag_facts else "current",
        ),
        Question("projector", s.projectors > 0, f"{s.projectors} active, {s.standbys} standing by"),
        Question("workers", s.dispatchers > 0, f"{s.dispatchers} look for what is due"),
        Question(
            "pushes",
            waits <= PUSHES_MAY_WAIT_SECONDS,
            f"{s.count('due')} due, the oldest for {duration(waits)}" if s.count("due") else "none is due",
        ),
        Question("close", s.close.overdue <= CLOSE_MAY_TAKE_SECONDS, _close_says(s.close)),
        Question(
            "audit",
            s.unsigned_seconds <= MAY_BE_UNSIGNED_SECONDS,
            f"unsigned for {duration(s.unsigned_seconds)}" if s.unsigned_seconds else "everything is signed",
        ),
    ]


def _close_says(close: Close) -> str:
    whole = close.open + close.writing + close.stuck + close.verified
    if not whole:
        return f"no MSP had {close.month} to close"
    left = [
        f"{count} {what}"
        for count, what in (
            (close.open, "not closed"),
            (close.writing, "with finals to write"),
            (close.stuck, "with finals that wait for a person"),
        )
        if count
    ]
    said = ", ".join(left) if left else "all verified"
    return f"{close.month}: of {whole} MSPs {said}; due for {duration(close.age)}"


def duration(seconds: float) -> str:
    """For people, in one or two units.

    >>> [duration(seconds) for seconds in (0.4, 61, 3700, 200_000)]
    ['0 s', '1 min 1 s', '1 h 1 min', '2 d 7 h']
    """
    left = int(max(seconds, 0))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join([part for part in parts[:2] if not part.startswith("0 ")]) or "0 s"

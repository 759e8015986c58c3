"""What may be pushed now: due rows that no month end, hold, lease or back-off keeps waiting.

The same question serves the dispatcher, which asks it of everything, and the worker, which asks it of one agreement.
The gates of the month end are in `projections.reads.gates` (design §5).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from domain.values import BillingMonth, LeftBehind, OrganizationId, PsaAgreementId, PsaProductId, RunId, Tenant
from projections.due_pushes import DueState, Lane
from projections.reads.gates import IS_NEWS, LANE_IS_FREE, MONTH, MONTH_IS_CLOSED
from workers.leases import CLAIM


@dataclass(frozen=True, slots=True)
class DueAgreement:
    """One agreement with something to push: the unit of work, since one list of additions serves all of it."""

    msp: str
    site: str
    company_id: str
    agreement: int

    @property
    def job(self) -> str:
        return f"push:{self.msp}:{self.site}/{self.company_id}:{self.agreement}"

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.site, self.company_id)


@dataclass(frozen=True, slots=True)
class DueRow:
    """One lane of one addition that may be pushed now."""

    addition: UUID
    lane: str
    ref: str
    agreement: int
    product: int
    month: str
    run: str | None
    kind: str | None
    left_behind: str | None
    target: Decimal | None
    base: Decimal | None
    due_position: int
    due_since: datetime
    cause: UUID
    correlation: str
    state: str
    tries: int
    is_noted: bool
    """Whether something is kept of earlier tries that a success makes old."""
    asked_at: datetime
    """The ledger's time by which it was judged: a pass belongs to the month in which it began (see `order_push`)."""
    is_missed: bool
    """A final of which a newer month's waits too: only the newest is written (design §5)."""
    closed_on: Sequence[OrganizationId] | None
    """Of a final: the organizations that its month found on the agreement when it was closed, in their order.

    They are the same for ever, since a month is closed for all organizations before anything of it is written, and a
    correction leaves the agreement as it was.
    """

    @property
    def is_news(self) -> bool:
        """Whether it is not merely looked at again by the sweeper."""
        return self.state == DueState.DUE

    @property
    def billing_month(self) -> BillingMonth:
        return BillingMonth.parse(self.month)

    @property
    def psa_product(self) -> PsaProductId:
        return PsaProductId(self.product)

    @property
    def psa_agreement(self) -> PsaAgreementId:
        return PsaAgreementId(self.agreement)

    @property
    def run_id(self) -> RunId | None:
        return RunId(self.run) if self.run is not None else None

    @property
    def leaving(self) -> LeftBehind | None:
        return LeftBehind(self.left_behind) if self.left_behind is not None else None


RETRIED_BY_SWEEPER = (
    "AGREEMENT_ENDED",
    "AGREEMENT_GONE",
    "MISSING_RIGHT",
    "NOT_APPLIED",
    "PRODUCT_INACTIVE",
    "PRORATED_TWICE",
    "PSA_UNAVAILABLE",
    "RECORD_FORBIDDEN",
    "REFUSED_BY_PSA",
    "TWO_RUNNING",
)
"""Exceptions that may cure themselves in ConnectWise; the sweeper looks again after a while.

After an unknown outcome it looks again too, except for a line of Sync now: that needs a person to look and ask again.
"""

_SWEPT = list(RETRIED_BY_SWEEPER)
_ORDER: Mapping[str, int] = {lane.value: place for place, lane in enumerate(Lane)}

_IS_MISSED = """
(d.lane = 'FINAL' AND EXISTS (SELECT 1 FROM due_pushes n
                               WHERE n.addition = d.addition AND n.lane = 'FINAL' AND n.month > d.month))
"""

_ELIGIBLE = f"""
  FROM due_pushes d
  JOIN connections c ON c.msp = d.msp AND c.site = d.site AND c.company_id = d.company_id AND c.status = 'ACTIVE'
{MONTH}
  LEFT JOIN push_attempts a ON a.addition = d.addition
  LEFT JOIN additions line ON line.addition = d.addition
 WHERE (d.state = 'DUE'
        OR (d.state = 'REFUSED' AND (d.problem = ANY(%(swept)s) OR (d.problem = 'OUTCOME_UNKNOWN' AND d.lane <> 'RUN'))
            AND (a.addition IS NULL OR a.sweep_at <= clock_timestamp()))
        -- A held or refused final would stop the addition for good once a newer month has taken its place.
        OR {_IS_MISSED})
   AND (a.addition IS NULL OR a.not_before <= clock_timestamp()
        -- The push that was waited for has ended, as far as this view knows; it may be behind the note.
        OR (line.open_push IS NULL AND line.version >= a.open_version))
   AND {IS_NEWS}
   AND {MONTH_IS_CLOSED}
   AND {LANE_IS_FREE}
"""  # put together from this module's own constants

_GROUPED = f"""
WITH eligible AS (
  SELECT d.msp, d.site, d.company_id, d.agreement, c.parallel_requests,
         min(CASE d.lane WHEN 'FINAL' THEN 0 WHEN 'RUN' THEN 1 ELSE 2 END) AS lane, min(d.due_since) AS due_since
  {_ELIGIBLE}
"""  # put together from this module's own constants

_RANKED = """
   GROUP BY d.msp, d.site, d.company_id, d.agreement, c.parallel_requests
), busy AS (
  SELECT msp, count(*) AS jobs FROM leases WHERE until > clock_timestamp() AND job LIKE 'push:%%' GROUP BY msp
), ranked AS (
  SELECT e.*, row_number() OVER (PARTITION BY e.msp ORDER BY e.lane, e.due_since, e.agreement) AS place
    FROM eligible e
   WHERE NOT EXISTS (
     SELECT 1 FROM leases l WHERE l.until > clock_timestamp()
        AND l.job = 'push:' || e.msp || ':' || e.site || '/' || e.company_id || ':' || e.agreement)
)
SELECT r.msp, r.site, r.company_id, r.agreement
  FROM ranked r LEFT JOIN busy b ON b.msp = r.msp
 WHERE r.place <= r.parallel_requests - coalesce(b.jobs, 0)
 ORDER BY r.place, r.lane, r.due_since LIMIT %(limit)s
"""

_AGREEMENTS = _GROUPED + _RANKED
_AGREEMENTS_OF = _GROUPED + "   AND d.msp = ANY(%(msps)s)" + _RANKED
_IS_MUCH: LiteralString = "SELECT count(*) > %s FROM (SELECT FROM due_pushes LIMIT %s) AS first"
_NEXT_MSPS: LiteralString = "SELECT msp FROM connections WHERE status = 'ACTIVE' AND msp > %s ORDER BY msp LIMIT %s"

MUCH = 5_000
"""Due pushes from which on a look at all of them takes too long: it costs about 13 µs each."""
USUALLY_OF_ONE_MSP = 4
"""How many agreements of an MSP are pushed at the same time, unless it set another number of parallel requests."""

_ROWS = f"""
SELECT d.addition, d.lane, d.ref, d.agreement, d.product, d.month, d.run, d.kind, d.left_behind, d.target, d.base,
       d.due_position, d.due_since, d.cause, d.correlation, d.state,
       coalesce(a.tries, 0) AS tries, coalesce(a.tries > 0 OR a.sweep_at > clock_timestamp(), false) AS is_noted,
       month.now AS asked_at, {_IS_MISSED} AS is_missed,
       CASE WHEN d.lane = 'FINAL'
            THEN ARRAY(SELECT DISTINCT u.organization FROM month_usage u
                        WHERE u.msp = d.msp AND u.month = d.month AND u.agreement = d.agreement
                        ORDER BY u.organization) END AS closed_on
  {_ELIGIBLE}
   AND d.msp = %(msp)s AND d.site = %(site)s AND d.company_id = %(company_id)s AND d.agreement = %(agreement)s
"""  # noqa: S608 - put together from this module's own constants
_CLAIMED_ROWS = f"""
WITH claimed AS ({CLAIM} RETURNING job)
SELECT due.* FROM claimed LEFT JOIN LATERAL ({_ROWS}) AS due ON true
"""  # noqa: S608 - put together from this program's own constants


@dataclass(slots=True)
class Rota:
    """Up to which MSP a dispatcher has looked; the next look goes on behind it."""

    after: str = ""


def due_agreements(pool: ConnectionPool, limit: int, rota: Rota, *, much: int = MUCH) -> Sequence[DueAgreement]:
    """What can be taken up now, fairly over the MSPs: no MSP gets more than its parallel requests.

    While more than `much` is due, as at a month's end, MSPs are looked at some after others, until enough is found.
    Shape: finals first, then lines of runs, then the oldest acts; none that somebody holds.
    """
    asked = {"limit": limit, "swept": _SWEPT}
    with pool.connection() as connection, connection.cursor(row_factory=class_row(DueAgreement)) as cursor:
        if connection.execute(_IS_MUCH, (much, much + 1)).fetchone() != (True,):
            return cursor.execute(_AGREEMENTS, asked).fetchall()
        found: list[DueAgreement] = []
        began, has_turned, some = rota.after, False, 1
        while len(found) < limit:
            some = max(some, -(-(limit - len(found)) // USUALLY_OF_ONE_MSP))
            msps = [msp for (msp,) in connection.execute(_NEXT_MSPS, (rota.after, some))]
            if has_turned:
                msps = [msp for msp in msps if msp <= began]
            if not msps:
                rota.after = ""
                if has_turned or not began:
                    break
                has_turned = True
                continue
            asked["limit"] = limit - len(found)
            newly = cursor.execute(_AGREEMENTS_OF, {**asked, "msps": msps}).fetchall()
            found += newly
            rota.after = msps[-1]
            # Where nothing can be taken up of some MSPs, as a rule it can not of their neighbours: each look is dear.
            some = 1 if newly else 2 * some
        return found


def due_rows(pool: ConnectionPool, due: DueAgreement) -> dict[UUID, list[DueRow]]:
    """What may be pushed now on one agreement, by addition.

    Shape: per addition finals by month, then lines of runs, then acts by month.
    """
    with pool.connection() as connection:
        return _by_addition(connection.execute(_ROWS, _asked(due)).fetchall())


def claim_rows(
    pool: ConnectionPool, due: DueAgreement, holder: str, length: timedelta
) -> dict[UUID, list[DueRow]] | None:
    """Claim an agreement's lease, and tell what may be pushed on it, as `due_rows`; none when the lease is not ours."""
    with pool.connection() as connection:
        asked = {**_asked(due), "job": due.job, "holder": holder, "length": length}
        rows = connection.execute(_CLAIMED_ROWS, asked).fetchall()
    return _by_addition(row for row in rows if row[0] is not None) if rows else None


def _asked(due: DueAgreement) -> dict[str, object]:
    return {
        "swept": _SWEPT,
        "msp": due.msp,
        "site": due.site,
        "company_id": due.company_id,
        "agreement": due.agreement,
    }


def _by_addition(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, list[DueRow]]:
    found: dict[UUID, list[DueRow]] = {}
    for row in sorted(
        (DueRow(*row) for row in rows), key=lambda row: (row.product, _ORDER[row.lane], row.month, row.due_position)
    ):
        found.setdefault(row.addition, []).append(row)
    return found

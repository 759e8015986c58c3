"""The gates of the month end, as SQL (design §5): which due pushes may be started at all, told in one place.

The dispatcher starts what they let through, and whoever watches the ledger must not call late what they hold back.
They speak of a due push `d`, its connection `c`, its addition `line` and the running `month`.
"""

from typing import LiteralString

MONTH: LiteralString = """
 CROSS JOIN LATERAL (
       SELECT date_trunc('month', now.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS begins_at,
              to_char(date_trunc('month', now.at AT TIME ZONE 'UTC') - interval '1 day', 'YYYY-MM') AS previous,
              now.at AS now
         FROM (SELECT (SELECT ledger_now()) AS at) AS now
       ) AS month
"""
"""The running month: when it began, the name of the one before, and the time, asked once and not for each row."""

IS_NEWS: LiteralString = """
       (d.lane <> 'ACT' OR a.addition IS NULL OR d.due_position > a.checked_position OR d.month > a.checked_month)
"""
"""Whether a due push `d` is more than acts of which its addition's note `a` says that they move nothing together.

The workers' SQL view `waiting_pushes` says the same.
"""

MONTH_IS_CLOSED: LiteralString = """
       (c.connected_at >= month.begins_at
        OR NOT c.has_products
        OR c.products_mapped_at >= month.begins_at + interval '30 minutes'
        OR EXISTS (SELECT 1 FROM runs r
                    WHERE r.msp = c.msp AND r.kind = 'FINAL' AND r.month = month.previous AND r.planned_at IS NOT NULL))
"""
"""No push of any kind until the month that ended is closed, if it is to be closed at all: one answer per MSP."""

LANE_IS_FREE: LiteralString = """
       (d.not_before IS NULL OR d.not_before <= month.now)
   -- Pushes of the new month wait for the addition's final, and afterwards for the days of the hold; without a hold
   -- both may go in one pass, the final first.
   AND (d.lane <> 'ACT'
        OR (NOT EXISTS (SELECT 1 FROM due_pushes f
                         WHERE f.addition = d.addition AND f.lane = 'FINAL'
                           AND (f.state <> 'DUE' OR c.hold_days > 0))
            AND (c.hold_days = 0
                 OR month.now >= date_trunc('day', CASE WHEN line.final_month = month.previous
                                                           THEN line.final_verified_at
                                                           ELSE month.begins_at END AT TIME ZONE 'UTC')
                                    AT TIME ZONE 'UTC' + (c.hold_days + 1) * interval '1 day')))
"""

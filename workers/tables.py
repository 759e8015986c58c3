"""What workers note for themselves: who has taken which job, and when to try an addition again.

None of it is a fact: emptying both tables loses patience, and what `workers.attempts` says of acts that moved nothing.
"""

from typing import LiteralString, cast

from dramatiq_postgres.schema import generate_init_sql

from connectwise import shared_budget
from journal.migrate import Step

WORKER_STEPS: tuple[Step, ...] = (
    Step(
        "workers.tables.1",
        """
        CREATE TABLE leases (
            job text PRIMARY KEY,
            msp text NOT NULL,
            holder text NOT NULL,
            until timestamptz NOT NULL
        );
        CREATE INDEX leases_msp ON leases (msp);
        CREATE TABLE push_attempts (
            addition uuid PRIMARY KEY,
            tries int NOT NULL,
            not_before timestamptz NOT NULL,
            sweep_at timestamptz NOT NULL,
            checked_position bigint NOT NULL
        );
        """,
    ),
    Step(
        "workers.watches.1",
        """
        CREATE TABLE watches (
            msp text PRIMARY KEY,
            watched_on date NOT NULL
        );
        """,
    ),
    # The queue's own tables, as the broker's package makes them.
    Step("workers.queue.1", cast(LiteralString, generate_init_sql())),
    Step("workers.request_budget.1", shared_budget.TABLES),
    Step(
        "workers.leases.2",
        """
        ALTER TABLE leases ADD COLUMN claimed bool NOT NULL DEFAULT false;
        COMMENT ON COLUMN leases.claimed IS 'Whether some worker has begun to answer the message.';
        """,
    ),
    Step(
        "workers.waiting_pushes.1",
        """
        CREATE VIEW waiting_pushes AS
        SELECT d.* FROM due_pushes d LEFT JOIN push_attempts a ON a.addition = d.addition
         WHERE d.state = 'DUE' AND (d.lane <> 'ACT' OR a.addition IS NULL OR d.due_position > a.checked_position);
        COMMENT ON VIEW waiting_pushes IS 'Due pushes without those whose acts were found to move nothing together.';
        """,
    ),
    Step(
        "workers.push_attempts.2",
        """
        ALTER TABLE push_attempts ADD COLUMN checked_month text NOT NULL DEFAULT '';
        COMMENT ON COLUMN push_attempts.checked_month IS 'Acts of later months had not begun when it was looked.';
        CREATE OR REPLACE VIEW waiting_pushes AS
        SELECT d.* FROM due_pushes d LEFT JOIN push_attempts a ON a.addition = d.addition
         WHERE d.state = 'DUE'
           AND (d.lane <> 'ACT' OR a.addition IS NULL
                OR d.due_position > a.checked_position OR d.month > a.checked_month);
        """,
    ),
    Step("workers.request_budget.2", shared_budget.TAKES_WITH_FEWER_WRITES),
    Step(
        "workers.push_attempts.3",
        """
        ALTER TABLE push_attempts ADD COLUMN open_version int;
        COMMENT ON COLUMN push_attempts.open_version IS
          'A push was open in this version of the addition; the pause ends with it, if that ends before.';
        """,
    ),
)

"""Questions that tell whether a process does its work, not merely whether it lives."""

import psycopg

from cli.web import NoAnswer, Refused, ask
from journal.only_one import is_held
from projections.projector import LOCK


def answers(url: str) -> bool:
    """Whether a server answers this page with a success."""
    try:
        ask("GET", url, timeout_seconds=2.0)
    except (NoAnswer, Refused):
        return False
    return True


def folds_to_head(database_url: str) -> bool:
    """Whether a projector is active and no fact is left to fold."""
    with psycopg.connect(database_url, connect_timeout=5) as connection:
        if not is_held(connection, LOCK):
            return False
        row = connection.execute(
            "SELECT coalesce((SELECT min(position) FROM view_positions), 0)"
            " >= coalesce((SELECT max(notification_id) FROM facts), 0)"
        ).fetchone()
    return row is not None and bool(row[0])


def works(database_url: str) -> bool:
    """Whether a worker's dispatcher listens for what is due."""
    with psycopg.connect(database_url, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'psa-ledger dispatcher')"
        ).fetchone()
    return row is not None and bool(row[0])

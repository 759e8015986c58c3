"""Where tests keep a PostgreSQL, and the fresh databases they ask of it."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from api.rate_tables import RATE_STEPS
from journal.migrate import migrate
from projections.follower import ledger_steps
from workers.tables import WORKER_STEPS

PREFIX = "psa-ledger-tests-"
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
_NUMBERS = itertools.count(1)


@contextmanager
def server_directory() -> Iterator[Path]:
    """A directory for the server of a session: in memory if there is room, where a database is copied far sooner.

    What sessions left there that were killed is removed, since nothing else would before the machine is restarted.
    """
    has_room = MEMORY.is_dir() and min(shutil.disk_usage(MEMORY).free, _free_memory()) >= ROOM
    place = MEMORY if has_room else Path(tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _free_memory() -> int:
    """What may be taken without swapping, in bytes."""
    told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(told["MemAvailable"].split()[0]) << 10


@contextmanager
def new_database(server: str, template: str = "template0") -> Iterator[str]:
    """Create a database, a file-wise copy of the template, for as long as the context lasts. Shape: its URL."""
    name = f"psa_ledger_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(name), Identifier(template))
        )
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@dataclass(frozen=True, slots=True)
class Template:
    """A migrated database to copy from: a copy takes a tenth of the time that the migrations take."""

    server: str
    name: str

    @contextmanager
    def copy(self) -> Iterator[str]:
        """A fresh ledger's URL for as long as the context lasts."""
        with new_database(self.server, self.name) as url:
            yield url


@contextmanager
def migrated_template(server: str) -> Iterator[Template]:
    """Migrate a database of the server to copy from."""
    with new_database(server) as url:
        migrate(url, (*ledger_steps(), *WORKER_STEPS, *RATE_STEPS))
        with psycopg.connect(url) as connection:
            name = connection.info.dbname
        yield Template(server, name)

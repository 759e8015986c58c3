"""PostgreSQL on a host of its own, and the ledger's processes on others."""

import base64
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from journal.postgres import EmbeddedPostgres
from journal.postgres_account import BINARIES, environment, guarded, identity_for
from journal.settings import PREFIX as VARIABLE
from tests.databases import Template, migrated_template
from tests.machines.network import PREFIX, Host, Net
from tests.torture.test_real_processes import CLIENT_ID

ROOT = Path(__file__).parents[2]
_PAUSE = threading.Event()


@dataclass(frozen=True, slots=True)
class Server:
    """PostgreSQL on a host, with a migrated database to copy from."""

    template: Template
    host: Host

    @contextmanager
    def ledger(self) -> Iterator["Database"]:
        """A fresh ledger for as long as the context lasts."""
        with self.template.copy() as here:
            name = conninfo_to_dict(here)["dbname"]
            yield Database(here, f"postgresql://psa_ledger@{self.host.address(Net.DATABASE)}:5432/{name}")


@dataclass(frozen=True, slots=True)
class Database:
    """One ledger. `here` is for the test itself, over a socket; `url` for processes on other hosts."""

    here: str
    url: str


@contextmanager
def postgres_on(host: Host) -> Iterator[Server]:
    """A new cluster that listens on the host's address in the database's network, with the ledger's tables."""
    directory = Path(tempfile.mkdtemp(prefix="psal-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        with EmbeddedPostgres(directory, durable=False):
            pass  # makes the cluster
        cluster = directory / "postgres" / "cluster"
        identity = identity_for(cluster)
        sockets = directory / "s"
        sockets.mkdir()
        assert identity.user is not None
        os.chown(sockets, identity.user, -1)
        directory.chmod(0o755)
        (cluster / "pg_hba.conf").write_text(f"local all all trust\nhost all all {PREFIX}.0.0/16 trust\n")
        options = {
            "listen_addresses": host.address(Net.DATABASE),
            "unix_socket_directories": str(sockets),
            "max_connections": "200",
            "fsync": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "timezone": "UTC",
        }
        program = [
            str(BINARIES / "postgres"),
            "-D",
            str(cluster),
            *(f"--{name}={text}" for name, text in options.items()),
        ]
        with (directory / "log").open("wb") as log:
            server = subprocess.Popen(
                host.command(*guarded("exec", cluster, identity), "--", *program),
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
            )
        stack.callback(_end, server, signal.SIGINT)
        here = f"host={sockets} user=psa_ledger dbname=psa_ledger"
        until("PostgreSQL answers", lambda: _answers(here), 120)
        with migrated_template(here) as template:
            yield Server(template, host)


@dataclass
class Site:
    """The processes of a ledger, each on a host."""

    database: Database
    settings: Mapping[str, str]
    words: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, host: Host, verb: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a verb of `psa-ledger` on a host; what it says goes to a file."""
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(VARIABLE)}
        more = {VARIABLE + name: text for name, text in settings.items()}
        with (self.words / f"{verb}-{host.number}.log").open("ab") as log:
            process = subprocess.Popen(
                host.command(sys.executable, "-m", "cli.main", verb, *arguments),
                cwd=ROOT,
                env={**inherited, **self.settings, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def said(self, verb: str, host: Host) -> str:
        return (self.words / f"{verb}-{host.number}.log").read_text(errors="replace")

    def listeners(self, application: str, host: Host | None = None) -> int:
        """How many connections of that name the server has, from a host if one is named."""
        with psycopg.connect(self.database.here) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
                " AND (%s::inet IS NULL OR client_addr = %s::inet)",
                (application, *[None if host is None else host.address(Net.DATABASE)] * 2),
            ).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def site(database: Database, words: Path, **settings: str) -> Iterator[Site]:
    """Ends every process that was started in it."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    shared = {
        "MODE": "test",
        "DATABASE_URL": database.url,
        "CLIENT_ID": CLIENT_ID,
        "VAULT_KEYS": f"1:{key}",
        "SIGNING_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "DATA_DIR": str(words),
        **settings,
    }
    made = Site(database, {VARIABLE + name: text for name, text in shared.items()}, words)
    try:
        yield made
    finally:
        for process in made.running:
            _end(process, signal.SIGKILL)


def until(what: str, condition: Callable[[], bool], seconds: float) -> float:
    """Wait for something that other processes do. Shape: how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds:g} s"
        _PAUSE.wait(0.05)
    return time.monotonic() - began


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
        return True
    return False


def _end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    process.wait(120)

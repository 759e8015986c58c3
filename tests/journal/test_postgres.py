"""The embedded PostgreSQL: one supervisor, no trace after its end, and no crash the next start can not clear away."""

import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from journal import postgres_guard
from journal.application import Journal
from journal.migrate import migrate
from journal.postgres import EmbeddedPostgres, running_url
from journal.postgres_errors import AlreadyRunning, NotRunning, OtherOwner, OtherVersion, StartFailed
from tests.journal.sample import CODEC, JAR, ORIGIN, add, jar

PATIENCE_SECONDS = 120
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up root")

SUPERVISOR = """
import sys, time
from pathlib import Path
from journal.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def embedded(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, durable=False)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def keep_a_row(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")


def postmaster_of(data_dir: Path) -> int:
    return int((data_dir / "postgres/cluster/postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    """Zombies count as dead: on some machines nobody collects them at once."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()  # it ended just now, unless this machine tells nothing of processes
    return status.rpartition(")")[2].split()[0] != "Z"


def until(condition: Callable[[], bool]) -> bool:
    """Look again and again, without a fixed wait, until it is so or patience is over."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        if condition():
            return True
        time.sleep(0.02)
    return False


def children_of(pid: int) -> list[int]:
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in said.stdout.split()]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts a supervisor of `tmp_path` in a process of its own and waits until its server answers."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        return process

    yield start
    for process in started:
        with process:  # ends its input, which lets it stop in order, and waits
            pass


def test_what_was_stored_is_there_after_a_restart_and_nothing_runs_meanwhile(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        keep_a_row(server.url)
        pid, sockets = postmaster_of(tmp_path), Path((tmp_path / "postgres/sockets").read_text())
        assert sockets.is_dir()

    assert not is_alive(pid)
    assert not sockets.exists()
    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT n FROM kept") == 42


def test_it_listens_on_a_private_socket_only(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        sockets = Path((tmp_path / "postgres/sockets").read_text())

        assert ask(server.url, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_a_durable_server_keeps_its_promises_to_disk(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        settings = [ask(server.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]

        assert settings == ["on", "on", "on"]


def test_two_data_directories_never_meet(tmp_path: Path) -> None:
    with embedded(tmp_path / "one") as one, embedded(tmp_path / "two") as two:
        keep_a_row(one.url)

        assert ask(two.url, "SELECT to_regclass('kept') IS NULL") is True


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        with pytest.raises(AlreadyRunning, match=str(os.getpid())) as caught, embedded(tmp_path):
            pytest.fail("a second one started")

        assert caught.value.pid == os.getpid()
        assert ask(server.url, "SELECT 1") == 1


def test_other_processes_find_the_running_server(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        running_url(tmp_path)

    server = embedded(tmp_path)
    with pytest.raises(NotRunning):
        server.url  # noqa: B018 - asking is the point
    with server:
        assert running_url(tmp_path) == server.url

    with pytest.raises(NotRunning):
        running_url(tmp_path)


def test_a_supervisor_killed_outright_takes_its_server_along(
    tmp_path: Path, supervisor: Callable[[], "subprocess.Popen[str]"]
) -> None:
    process = supervisor()
    pid = postmaster_of(tmp_path)
    keep_a_row(running_url(tmp_path))
    sockets = Path((tmp_path / "postgres/sockets").read_text())

    process.kill()

    assert until(lambda: not is_alive(pid))
    assert until(lambda: not sockets.exists())
    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT n FROM kept") == 42


def test_a_start_right_after_the_kill_waits_for_the_old_server(
    tmp_path: Path, supervisor: Callable[[], "subprocess.Popen[str]"]
) -> None:
    process = supervisor()
    keep_a_row(running_url(tmp_path))

    process.kill()

    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT n FROM kept") == 42


def test_a_guard_killed_outright_takes_the_server_along(
    tmp_path: Path, supervisor: Callable[[], "subprocess.Popen[str]"]
) -> None:
    process = supervisor()
    (guard,) = children_of(process.pid)
    pid = postmaster_of(tmp_path)

    sockets = Path((tmp_path / "postgres/sockets").read_text())

    os.kill(guard, signal.SIGKILL)

    assert until(lambda: not is_alive(pid))
    process.communicate(timeout=PATIENCE_SECONDS)
    assert not sockets.exists()


def test_everything_killed_at_once_is_cleared_away_by_the_next_start(
    tmp_path: Path, supervisor: Callable[[], "subprocess.Popen[str]"]
) -> None:
    process = supervisor()
    keep_a_row(running_url(tmp_path))
    (guard,) = children_of(process.pid)
    pid = postmaster_of(tmp_path)
    sockets = Path((tmp_path / "postgres/sockets").read_text())
    everything = [process.pid, guard, pid, *children_of(pid)]

    for number in (process.pid, guard):  # frozen first, so that neither notices the other's end
        os.kill(number, signal.SIGSTOP)
    for number in everything:
        with suppress(ProcessLookupError):  # a child of PostgreSQL may end by itself in between
            os.kill(number, signal.SIGKILL)

    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT n FROM kept") == 42
    assert not sockets.exists()


def test_a_pid_file_that_names_a_living_stranger_is_stale(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        keep_a_row(server.url)
    (tmp_path / "postgres/cluster/postmaster.pid").write_text(f"{os.getppid()}\n{tmp_path}\n")

    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT n FROM kept") == 42


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres/new-cluster/base").mkdir(parents=True)

    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT current_user") == "psa_ledger"
    assert not (tmp_path / "postgres/new-cluster").exists()


def test_a_cluster_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with embedded(tmp_path):
        pass
    (tmp_path / "postgres/cluster/PG_VERSION").write_text("14\n")

    with pytest.raises(OtherVersion, match="pg_dump") as caught, embedded(tmp_path):
        pytest.fail("it started")

    assert caught.value.found == "14"


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with embedded(tmp_path):
        pass
    (tmp_path / "postgres/cluster/global/pg_control").unlink()

    with pytest.raises(StartFailed, match="pg_control"), embedded(tmp_path):
        pytest.fail("it started")

    with pytest.raises(StartFailed), embedded(tmp_path):  # and the failure holds no lock
        pytest.fail("it started")


def test_a_server_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        assert server.is_running
        os.kill(postmaster_of(tmp_path), signal.SIGINT)

        assert until(lambda: not server.is_running)
        with pytest.raises(StartFailed, match="PostgreSQL ended"):
            server.check()


def test_the_journal_goes_on_after_a_crash_of_the_server(tmp_path: Path) -> None:
    with embedded(tmp_path) as server:
        migrate(server.url)
        with Journal(server.url, CODEC) as journal:
            journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
            backend = ask(server.url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'psa-ledger' LIMIT 1")
            assert isinstance(backend, int)

            os.kill(backend, signal.SIGKILL)
            (entry,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

            assert (entry.position, entry.version) == (2, 2)
            assert journal.state(JAR, jar("red")).state.marbles == 2


def test_environment_variables_of_postgres_do_not_lead_astray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "PGHOST": "db.invalid",
        "PGPORT": "1",
        "PGDATA": "/nowhere",
        "PGUSER": "x",
        "LC_ALL": "xx",
    }.items():
        monkeypatch.setenv(name, text)

    with embedded(tmp_path) as server:
        assert ask(server.url, "SELECT current_database()") == "psa_ledger"


@AS_ROOT
def test_root_may_keep_its_checkout_where_no_other_user_can_go(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = [stat.S_IMODE(path.stat().st_mode) for path in (private, *private.parents)]

    with embedded(private / "data") as server:
        keep_a_row(server.url)
        owner = os.stat(f"/proc/{postmaster_of(private / 'data')}").st_uid
    with embedded(private / "data") as server:
        assert ask(server.url, "SELECT n FROM kept") == 42

    assert owner != 0
    assert before == [stat.S_IMODE(path.stat().st_mode) for path in (private, *private.parents)]


@AS_ROOT
def test_a_cluster_that_belongs_to_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres/cluster").mkdir(parents=True)

    with pytest.raises(OtherOwner, match="root"), embedded(tmp_path):
        pytest.fail("it started")


@AS_ROOT
def test_an_ordinary_user_runs_it_as_itself(tmp_path: Path) -> None:
    """Root becomes `nobody`, keeping what it takes to read this checkout wherever it lies."""
    nobody = pwd.getpwnam("nobody")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = SUPERVISOR.replace(
        "sys.stdin.read()", "import psycopg, os; print(os.geteuid(), psycopg.connect(server.url))"
    )
    command = [sys.executable, "-I", "-S", postgres_guard.__file__, "exec", f"--user={nobody.pw_uid}"]
    command += [f"--group={nobody.pw_gid}", "--capability=2", f"--directory={home}", "--"]

    said = subprocess.run(
        [*command, sys.executable, "-B", "-c", script, str(home / "data")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": "/tmp", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )

    assert said.stderr == ""
    assert said.stdout.splitlines()[1].startswith(f"{nobody.pw_uid} ")
    assert (home / "data/postgres/cluster").stat().st_uid == nobody.pw_uid

"""Faults of our own side: a database that dies, fills up or blocks, messages and facts that nobody understands.

Beside these: two projectors at once and a broker that comes back empty are in `tests/machines`, workers that die in
`tests/torture`, a clock that steps back in `tests/journal`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import dramatiq
import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.rate_tables import RATE_STEPS
from journal.migrate import migrate
from journal.postgres import EmbeddedPostgres
from projections.follower import ledger_steps
from tests.api import operations
from tests.api.given import change, new_organization
from tests.cli.exported import url_of
from tests.hostile.corpus import as_json
from tests.hostile.set_up import done
from tests.hostile.world import OTHERS, OURS, World, open_world
from workers.brokers import open_broker
from workers.tables import WORKER_STEPS

KILLS = int(os.environ.get("KILLS", "20"))
PATIENCE_SECONDS = 180.0
_PAUSE = threading.Event()


def until(condition: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, what
        _PAUSE.wait(0.02)


def registered(world: World, *msps: str) -> None:
    for msp in msps:
        done(
            world, operations.REGISTER, ("PLATFORM", None), {"msp": msp, "organizations": [new_organization("globex")]}
        )


@dataclass
class Mortal:
    """A server that can be killed and started again, at an address that stays: a link to wherever its socket is."""

    directory: Path
    address: Path
    server: EmbeddedPostgres | None = None

    @property
    def url(self) -> str:
        return f"postgresql://psa_ledger@/psa_ledger?host={quote(str(self.address), safe='')}&port=5432"

    def start(self) -> None:
        self.server = EmbeddedPostgres(self.directory)
        found = self.server.start()
        host = str(conninfo_to_dict(found)["host"])
        fresh = self.address.with_name(f"{self.address.name}.new")
        fresh.symlink_to(host)
        fresh.rename(self.address)

    def kill(self) -> None:
        """As nothing else does: the postmaster by SIGKILL, in the middle of whatever it did."""
        [pid_file] = self.directory.rglob("postmaster.pid")
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        assert self.server is not None
        self.server.stop()


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    directory = Path("/tmp") / f"psa-mortal-{os.getpid()}-{uuid4().hex[:6]}"
    directory.mkdir(mode=0o755)
    server = Mortal(directory / "data", directory / "s")
    server.start()
    try:
        migrate(server.url, (*ledger_steps(), *WORKER_STEPS, *RATE_STEPS))
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


@dataclass
class Writer:
    """Somebody who reports changes one after the other, each again and again until it is acknowledged."""

    world: World
    name: str
    stop: threading.Event
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        token = self.world.token("PLATFORM", None)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with httpx.Client(base_url=self.world.url, timeout=90, trust_env=False) as client:
            while not self.stop.is_set():
                told = f"{self.name}-{len(self.acknowledged)}"
                given = {"msp": OURS, "changes": [change(told, "globex", delta=1)]}
                body = as_json({"query": operations.CHANGE_LICENSES, "variables": {"input": given}})
                while not self._answer(client.post("/graphql", content=body, headers=headers), told):
                    _PAUSE.wait(0.02)

    def _answer(self, response: httpx.Response, told: str) -> bool:
        """Whether it was acknowledged; what says that the database is away, or the views late, is asked again."""
        body = response.json()
        codes = {error.get("extensions", {}).get("code") for error in body.get("errors", ())}
        if response.status_code == 503 or codes:
            if not codes <= {"Unavailable", "ViewsBehind"}:
                self.refused.append(response.text)
                self.stop.set()
            return bool(self.refused)
        [answer] = body["data"]["changeLicenses"]["answers"]
        if answer["outcome"]["__typename"] != "Recorded":
            self.refused.append(response.text)
            self.stop.set()
        self.acknowledged.append(told)
        return True


@pytest.mark.long
def test_nothing_acknowledged_is_lost_however_often_postgresql_is_killed(mortal: Mortal, tmp_path: Path) -> None:
    """By SIGKILL, under load, twenty times. The journal is the judge."""
    with open_world(mortal.url, tmp_path) as world:
        registered(world, OURS)
        stop = threading.Event()
        writers = [Writer(world, f"w{number}", stop) for number in range(4)]
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        try:
            for _ in range(KILLS):
                before = _all(writers)
                until(_have_reached(stop, writers, before + 4), "nobody is acknowledged")
                mortal.kill()
                mortal.stop()
                mortal.start()
        finally:
            stop.set()
            for thread in threads:
                thread.join()

        log = world.log.getvalue()

    acknowledged = [told for writer in writers for told in writer.acknowledged]
    with psycopg.connect(mortal.url) as connection:
        rows = connection.execute(
            "SELECT convert_from(state, 'UTF8') FROM facts WHERE topic LIKE '%licenses-changed%'"
        ).fetchall()
        gaps = connection.execute("SELECT count(*), max(notification_id) FROM facts").fetchone()
    recorded = [text for (text,) in rows]
    assert [] == [refusal for writer in writers for refusal in writer.refused]
    assert len(acknowledged) == len(set(acknowledged))
    assert [1] * len(acknowledged) == [sum(f'"{told}"' in text for text in recorded) for told in acknowledged]
    assert len(acknowledged) == len(recorded)
    assert gaps is not None
    assert gaps[0] == gaps[1]
    assert log.count("the projector starts again") >= KILLS / 2, "nobody noticed that the database was killed"


def _have_reached(stop: threading.Event, writers: list[Writer], count: int) -> Callable[[], bool]:
    return lambda: stop.is_set() or _all(writers) >= count


def _all(writers: list[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system that is soon full; needs the right to mount."""
    place = Path("/tmp") / f"psa-small-{os.getpid()}-{uuid4().hex[:6]}"
    place.mkdir(mode=0o755)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], check=False)
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip("this system does not let us mount a small file system to fill up")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


@pytest.mark.long
def test_a_full_disk_is_told_clearly_and_leaves_nothing_half_done(mortal: Mortal, tmp_path: Path) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk("16m"))
        tables = disk / "tables"
        tables.mkdir()
        owner = next(mortal.directory.rglob("PG_VERSION")).stat()
        for each in (disk, tables):
            os.chown(each, owner.st_uid, owner.st_gid)
        with psycopg.connect(mortal.url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{tables}'")
            connection.execute("ALTER TABLE facts SET TABLESPACE small")
        world = stack.enter_context(open_world(mortal.url, tmp_path))
        registered(world, OURS)
        _fill(disk)
        before, refused = world.position(), None
        for number in range(400):
            refused = world.ask(
                operations.CHANGE_LICENSES, {"input": _many_changes(number)}, world.token("PLATFORM", None)
            )
            if refused.codes:
                break
            before = world.position()
        after = world.position()
        (disk / "ballast").unlink()
        again = world.ask(operations.CHANGE_LICENSES, {"input": _many_changes(number)}, world.token("PLATFORM", None))
        log = world.log.getvalue()
        with psycopg.connect(mortal.url, autocommit=True) as connection:
            connection.execute("ALTER TABLE facts SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")

    assert refused is not None
    assert ["Unavailable"] == refused.codes
    assert before == after
    assert ([], 100) == (again.codes, again.grown)
    assert "DiskFull" in log or "53100" in log
    assert "InternalError" not in refused.text


def _fill(disk: Path) -> None:
    with (disk / "ballast").open("wb") as ballast:
        try:
            while True:
                ballast.write(b"\0" * 65_536)
                ballast.flush()
        except OSError:
            return


def _many_changes(number: int) -> dict[str, Any]:
    return {"msp": OURS, "changes": [change(f"d{number}-{each}", "globex", delta=1) for each in range(100)]}


def test_a_journal_that_blocks_holds_up_nobody_who_only_asks(world: World) -> None:
    """Writers of one MSP wait for a lock; meanwhile others are answered, and in the end everything is recorded."""
    answered: list[list[str]] = []

    def write(number: int) -> None:
        given = {"msp": OTHERS, "changes": [change(f"b{number}-{uuid4()}", "globex", delta=1)]}
        answered.append(world_of_thread(world, given))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(30)]
    before = world.position()
    with psycopg.connect(world.database_url) as blocking:
        blocking.execute("LOCK TABLE facts IN EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        asked = [
            world.ask("{ organizations { totalCount } }", {}, world.token("ADMIN", OURS)).status for _ in range(20)
        ]
        blocking.rollback()
    for thread in threads:
        thread.join()

    assert [200] * 20 == asked
    assert [[]] * 30 == answered
    assert before + 30 == world.position()


def world_of_thread(world: World, given: dict[str, Any]) -> list[str]:
    body = as_json({"query": operations.CHANGE_LICENSES, "variables": {"input": given}})
    headers = {"Authorization": f"Bearer {world.token('PLATFORM', None)}", "Content-Type": "application/json"}
    told = world.client.post("/graphql", content=body, headers=headers).json()
    return [error["extensions"]["code"] for error in told.get("errors", ())]


def test_poison_among_the_messages_stops_no_other_message(database: str) -> None:
    heard, poisoned = threading.Event(), threading.Event()

    def swallow(what: str) -> None:
        if what != "good":
            poisoned.set()
            raise RuntimeError("poison")
        heard.set()

    with open_broker(database, threads=2) as broker:
        actor = dramatiq.actor(actor_name="swallow", queue_name="ledger", broker=broker)(swallow)
        unknown: Any = dramatiq.Message(
            queue_name="ledger", actor_name="nobody", args=(), kwargs={}, options={"redis_message_id": "1"}
        )
        broker.enqueue(unknown)
        actor.send("bad")
        broker.enqueue(actor.message("bad").copy(args=("too", "many", "arguments")))
        actor.send("good")
        worker = dramatiq.Worker(broker, worker_threads=2)
        worker.start()
        try:
            both = heard.wait(PATIENCE_SECONDS), poisoned.wait(PATIENCE_SECONDS)
        finally:
            worker.stop()

    assert (True, True) == both


def test_a_fact_from_the_future_stops_the_projector_loudly_and_folds_nothing_beyond_it(
    database: str, tmp_path: Path
) -> None:
    with open_world(database, tmp_path) as world:
        registered(world, OURS)
        until(lambda: _folded(database) == world.position(), "the views do not follow")
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO facts SELECT (jsonb_populate_record(f, jsonb_build_object("
            " 'notification_id', f.notification_id + 1, 'originator_version', f.originator_version + 1,"
            " 'topic', 'organization.teleported#1', 'entry_id', gen_random_uuid()))).*"
            " FROM facts f ORDER BY notification_id DESC LIMIT 1"
        )
    before = _folded(database)
    environment = {
        **os.environ,
        "PSA_LEDGER_MODE": "test",
        "PSA_LEDGER_DATABASE_URL": url_of(database),
        "PSA_LEDGER_DATA_DIR": str(tmp_path),
    }

    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "projector"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    last = json.loads(ended.stderr.splitlines()[-1])
    assert 0 != ended.returncode
    assert "CRITICAL" == last["level"]
    assert "teleported" in json.dumps(last)
    assert before == _folded(database)


def _folded(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT coalesce(min(position), 0) FROM view_positions").fetchone()
    assert row is not None
    return int(row[0])

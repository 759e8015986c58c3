"""`psa-ledger up`: everything on one machine, for demo and development, from nothing to a system one can use.

The supervisor owns what nobody else may: the embedded PostgreSQL, the keys of the demo, and four child processes
(simulator, API, projector, worker). It makes the tables, starts the children, waits until each does its work, seeds a
demo MSP over the API like any vendor platform would, and says how to go on. From then on it looks after them: a child
that dies is started again; when the database itself ends, everything is started again.

Ctrl-C or SIGTERM stops everything in order; once more ends it at once. Should the supervisor itself be killed, every
child notices by the lifeline, PostgreSQL by its guard, and the next start waits until nothing of them is left.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum

from cli.children import Child, ChildSpec, Home, Tell, new_lifeline, say, stop_in_order
from cli.places import (
    CHECKOUT,
    Places,
    Running,
    data_directory,
    last_running,
    take_lock,
    write_private,
    write_running,
)
from cli.ports import API_PORT, HOST, SIMULATOR_PORT, choose_port
from cli.processes import make_tables
from cli.readiness import answers, folds_to_head, works
from cli.seed import DEMO_MSP, seed_demo
from cli.signals import Signals
from cli.token import write_tokens
from cli.welcome import welcome
from journal.postgres import EmbeddedPostgres
from journal.settings import BadSetting, Mode, Settings, settings_from

READY_SECONDS = 60.0
EARLIER_CHILDREN_SECONDS = 20.0
"""Children of a killed supervisor end by themselves well before."""
GIVE_UP_DEATHS = 4
"""A child that dies so often before it was ready once will not get better by itself."""
DEMO_CLIENT_ID = "00000000-0000-4000-8000-00000000d3e0"
"""Every integration sends ConnectWise its client id; the demo's is made up."""


class StartFailed(Exception):
    """The system does not come up; the message says what is in the way."""


class Outcome(Enum):
    """Why the supervisor's loop ended."""

    STOPPED = "asked to stop"
    DATABASE_ENDED = "the database ended"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the supervisor was asked to do. Shape: `ports` of the API and the simulator, where wished for."""

    places: Places
    settings: Settings
    environment: Mapping[str, str] = field(repr=False)
    signals: Signals
    tell: Tell
    ports: tuple[int | None, int | None] = (None, None)
    earlier: Running | None = None
    """What a supervisor left behind that did not get to clear up."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("up", help="start everything on this machine with a demo MSP", description=__doc__)
    parser.add_argument("--api-port", type=int, help=f"port of the API (default: the last one, {API_PORT}, or any)")
    parser.add_argument(
        "--simulator-port", type=int, help=f"port of the simulator (default: likewise, {SIMULATOR_PORT})"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    places = Places(data_directory())
    earlier = last_running(places)
    lock = take_lock(places.up_lock)
    if lock is None:
        who = "another process" if earlier is None else f"process {earlier.supervisor} ({earlier.api_url})"
        sys.stderr.write(f"PSA Ledger already runs on {places.data}: {who}\n")
        return 1
    try:
        places.run_file.unlink(missing_ok=True)
        with Signals.collected() as signals:
            ports = (given.api_port, given.simulator_port)
            supervise(Asked(places, demo_settings(places, os.environ), os.environ, signals, say, ports, earlier))
    except StartFailed as error:
        sys.stderr.write(f"PSA Ledger did not start: {error}\n")
        return 1
    finally:
        places.run_file.unlink(missing_ok=True)
        os.close(lock)
    return 0


def demo_settings(places: Places, environment: Mapping[str, str]) -> Settings:
    """The settings of the environment, with demo as the default mode. Raises: BadSetting for production."""
    settings = replace(settings_from({"PSA_LEDGER_MODE": Mode.DEMO, **environment}), data_dir=places.data)
    if settings.mode is Mode.PRODUCTION:
        raise BadSetting(
            "PSA_LEDGER_MODE", "is production, and `up` makes up keys; start api, worker and projector by themselves"
        )
    return settings


def supervise(asked: Asked) -> None:
    """Run everything until asked to stop.

    Raises: StartFailed; journal.postgres_errors.EmbeddedPostgresError.
    """
    with ExitStack() as held:
        lifeline = held.enter_context(new_lifeline())
        lock = _await_earlier_children(asked)
        if lock is None:
            return
        held.callback(os.close, lock)
        home = Home(CHECKOUT, asked.places.logs, lifeline, lock, asked.tell)
        while True:
            with _database(asked) as database:
                if _run_on(database, asked, home) is Outcome.STOPPED:
                    break
            asked.tell("!!! PostgreSQL ended; starting everything again")
    asked.tell("stopped")


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is, and whether it still runs as far as the supervisor can know."""

    url: str = field(repr=False)
    is_running: Callable[[], bool]


@contextmanager
def _database(asked: Asked) -> Iterator[Database]:
    if asked.settings.database_url is not None:
        yield Database(asked.settings.database_url, lambda: True)
        return
    began = time.monotonic()
    with EmbeddedPostgres(asked.settings.data_dir) as server:
        asked.tell(f"PostgreSQL is up ({time.monotonic() - began:.1f} s)")
        yield Database(server.url, lambda: server.is_running)
        asked.tell("stopping PostgreSQL")


def _run_on(database: Database, asked: Asked, home: Home) -> Outcome:
    began = time.monotonic()
    make_tables(database.url)
    running, specs = _plan(database.url, asked)
    children = [Child(spec, home) for spec in specs]
    try:
        if not _await_ready(children, database, asked):
            return Outcome.STOPPED if database.is_running() else Outcome.DATABASE_ENDED
        seed_demo(running.api_url, running.token("platform"))
        running = replace(running, children=_pids(children), is_ready=True)
        write_running(asked.places, running)
        asked.tell(f"ready after {time.monotonic() - began:.1f} s")
        asked.tell(welcome(running))
        return _look_after(children, running, database, asked)
    finally:
        asked.tell("stopping")
        stop_in_order(
            sorted(children, key=lambda child: STOPPING_ORDER.index(child.spec.name)), asked.signals.wait, asked.tell
        )


STOPPING_ORDER = ("api", "worker", "projector", "simulator")
"""Who asks stops first, then who works, then who serves them."""


def _plan(database_url: str, asked: Asked) -> tuple[Running, tuple[ChildSpec, ...]]:
    """What is to run. Shape: specs in the order of starting; the one that takes longest to load first."""
    settings, places = asked.settings, asked.places
    last = _last_ports(places)
    simulator = choose_port((asked.ports[1], last[1], SIMULATOR_PORT))
    api = choose_port(port for port in (asked.ports[0], last[0], API_PORT) if port != simulator)
    write_private(places.ports, f"{api} {simulator}\n")
    api_url, simulator_url = f"http://{HOST}:{api}", f"http://{HOST}:{simulator}"
    shared = {
        **asked.environment,
        "PSA_LEDGER_MODE": settings.mode.value,
        "PSA_LEDGER_DATABASE_URL": database_url,
        "PSA_LEDGER_DATA_DIR": str(places.data),
        "PSA_LEDGER_ALLOWED_ORIGINS": ",".join(sorted(settings.allowed_origins | {simulator_url})),
        "PSA_LEDGER_CLIENT_ID": settings.client_id or DEMO_CLIENT_ID,
    }

    def spec(name: str, *arguments: str, is_ready: Callable[[], bool]) -> ChildSpec:
        return ChildSpec(name, (sys.executable, "-m", "cli.main", name, *arguments), shared, is_ready)

    specs = (
        spec("api", "--host", HOST, "--port", str(api), is_ready=lambda: answers(f"{api_url}/ready?ask=database")),
        spec("worker", is_ready=lambda: works(database_url)),
        spec("projector", is_ready=lambda: folds_to_head(database_url)),
        spec(
            "simulator",
            "--host",
            HOST,
            "--port",
            str(simulator),
            is_ready=lambda: answers(f"{simulator_url}/_simulator/"),
        ),
    )
    tokens = write_tokens(places, DEMO_MSP)
    return Running(os.getpid(), settings.mode.value, api_url, simulator_url, {}, tokens), specs


def _last_ports(places: Places) -> tuple[int | None, int | None]:
    """The ports of the API and the simulator of the last time; none where there was none."""
    ports = places.ports.read_text().split() if places.ports.exists() else []
    return (int(ports[0]), int(ports[1])) if len(ports) == 2 else (None, None)


def _await_earlier_children(asked: Asked) -> int | None:
    """Hold the children's lock, once nothing of a killed supervisor's children is left. None when asked to stop.

    Raises: StartFailed.
    """
    give_up_at = time.monotonic() + EARLIER_CHILDREN_SECONDS
    while (lock := take_lock(asked.places.children_lock)) is None:
        if time.monotonic() > give_up_at:
            left = {} if asked.earlier is None else asked.earlier.children
            names = ", ".join(f"{name} {pid}" for name, pid in left.items())
            raise StartFailed(f"processes of an earlier start do not end: {names or 'which ones is not known'}")
        if asked_to_stop(asked, 0.1):
            return None
    return lock


def _await_ready(children: Sequence[Child], database: Database, asked: Asked) -> bool:
    """Start the children and wait until each does its work. False when asked to stop or the database ended.

    Raises: StartFailed naming the child that does not come up, with the end of what it said.
    """
    waiting = list(children)
    give_up_at = time.monotonic() + READY_SECONDS
    while waiting:
        for child in children:
            child.keep_running()
        for child in [child for child in waiting if child.pid is not None and child.spec.is_ready()]:
            asked.tell(f"{child.spec.name} is ready")
            waiting.remove(child)
        for child in waiting:
            if child.deaths >= GIVE_UP_DEATHS or time.monotonic() > give_up_at:
                raise StartFailed(f"{child.spec.name} does not come up; its last words:\n{child.last_words()}")
        if asked_to_stop(asked, 0.05) or not database.is_running():
            return False
    return True


def _look_after(children: Sequence[Child], running: Running, database: Database, asked: Asked) -> Outcome:
    while database.is_running():
        if asked_to_stop(asked, 0.5):
            return Outcome.STOPPED
        started = [child for child in children if child.keep_running()]
        if started:
            write_running(asked.places, replace(running, children=_pids(children)))
    return Outcome.DATABASE_ENDED


def asked_to_stop(asked: Asked, seconds: float) -> bool:
    """Sleep so long, or until a signal, and say by which signal somebody asked to stop, if so."""
    names = asked.signals.wait(seconds)
    if names:
        asked.tell(f"asked to stop by {', '.join(names)}")
    return bool(names)


def _pids(children: Sequence[Child]) -> dict[str, int]:
    return {child.spec.name: child.pid for child in children if child.pid is not None}

"""The verbs that are one process each, and `migrate`, which makes the tables they all need.

A process loads its own room only, and only when its verb is called: loading takes longer than anything else here.
"""

import argparse
import os
from dataclasses import replace

from api.settings import TOKEN_KEY_FILE
from api.tokens import create_local_key
from cli.places import Places, data_directory, database_url, settings_here
from journal.logs import set_up_logging
from journal.migrate import migrate
from journal.settings import Mode, Settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    api = verbs.add_parser("api", help="serve GraphQL over HTTP")
    api.add_argument("--host", help="address to listen on (default: PSA_LEDGER_API_HOST or 127.0.0.1)")
    api.add_argument("--port", type=int, help="port, 0 for a free one (default: PSA_LEDGER_API_PORT or 8080)")
    api.set_defaults(run=run_api)
    verbs.add_parser("worker", help="carry out pushes, runs, imports and the clock's jobs").set_defaults(run=run_worker)
    verbs.add_parser("projector", help="follow the journal and keep the views").set_defaults(run=run_projector)
    verbs.add_parser("simulator", help="serve a ConnectWise PSA of our own (`cli.main` hands over to it)")
    verbs.add_parser("migrate", help="make or upgrade the tables; does nothing when they are there").set_defaults(
        run=run_migrate
    )


def run_api(given: argparse.Namespace) -> int:
    from api import app  # noqa: PLC0415 - only this process needs GraphQL
    from api.settings import api_settings_from  # noqa: PLC0415 - see above

    address = {
        "PSA_LEDGER_API_HOST": given.host,
        "PSA_LEDGER_API_PORT": None if given.port is None else str(given.port),
    }
    environment = {**os.environ, **{name: text for name, text in address.items() if text is not None}}
    return app.main(_settings(), api_settings_from(environment))


def run_worker(_given: argparse.Namespace) -> int:
    from workers import main as worker  # noqa: PLC0415 - only this process needs the broker

    return worker.main(_settings())


def run_projector(_given: argparse.Namespace) -> int:
    from projections import follower  # noqa: PLC0415 - only this process folds

    set_up_logging("projector")
    return follower.main(_settings())


def run_migrate(_given: argparse.Namespace) -> int:
    """Make the tables and, for demo and tests, the key that tokens are signed with: once, before others need it."""
    places = Places(data_directory())
    settings = settings_here(places)
    applied = make_tables(database_url(settings))
    if settings.mode is not Mode.PRODUCTION:
        create_local_key(places.data / TOKEN_KEY_FILE)
    print("\n".join(f"applied {name}" for name in applied) or "everything is there already")
    return 0


def make_tables(url: str) -> tuple[str, ...]:
    """Make or upgrade the tables of every package. Shape: the names of the steps applied now."""
    from api.rate_tables import RATE_STEPS  # noqa: PLC0415 - see below
    from projections.follower import ledger_steps  # noqa: PLC0415 - loads every view, which only this verb needs
    from workers.tables import WORKER_STEPS  # noqa: PLC0415 - see above

    return migrate(url, (*ledger_steps(), *WORKER_STEPS, *RATE_STEPS))


def _settings() -> Settings:
    """The settings of this process, with the database of a running `up` when none is named.

    Raises: journal.settings.SettingsError; journal.postgres_errors.NotRunning.
    """
    settings = settings_here(Places(data_directory()))
    return replace(settings, database_url=database_url(settings))

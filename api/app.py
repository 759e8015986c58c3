"""The API process: its parts put together, its routes, and the server that runs them.

Nothing happens on import. `compose` makes the parts from settings, `create_app` an ASGI application over any parts (so
tests serve the application we ship), `main` runs it.
"""

import gc
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import psycopg
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from api.context import Parts, Psa
from api.exchanges import Exchanges
from api.exports import Exports
from api.followed_runs import followed_runs
from api.gateway import Gateway
from api.intake import Intake
from api.panel import panel_routes
from api.provider_keys import ProviderKeySet, fetching
from api.rates import Allowances, Rates, SharedLedger
from api.schema import build_schema
from api.server import server
from api.settings import TOKEN_KEY_FILE, ApiSettings, api_settings_from
from api.tokens import LocalKey, ProviderKeys, Remembering, Verifier, read_local_key
from api.turns import Turns
from api.watched import Counted, watching_routes
from connectwise.budget import ProcessBudget
from connectwise.exchange import Call, Limits, Wire
from connectwise.guard import Guard, open_http
from connectwise.tenants import Tenants
from domain.catalogue import parse_catalogue
from domain.values import MspId
from journal.application import Journal
from journal.clock import Clock
from journal.logs import set_up_logging
from journal.master_keys import key_source
from journal.registry import CODEC
from journal.settings import BadSetting, MissingSetting, Mode, Settings, settings_from
from journal.vault import Vault
from projections.freshness import Freshness
from projections.reads.ask import Views, open_pool
from projections.reads.standing import watching
from telemetry.numbers import Numbers
from telemetry.settings import NOT_WATCHED, TelemetrySettings, telemetry_settings_from
from telemetry.traces import NOT_TRACED, Traces, traces_to

INTERACTIVE = Limits(
    connect_seconds=5,
    read_seconds=30,
    write_seconds=15,
    request_seconds=40,
    patience_seconds=20,
    attempts=3,
    longest_pause_seconds=5,
)
"""Somebody is waiting for the answer: rather a refusal soon than the answer in two minutes."""

COLLECTED_EVERY = 10_000
"""Objects that are made between two looks of the garbage collector; an answer of a page makes some thousands."""
DEMO_CLIENT_ID = "00000000-0000-0000-0000-000000000000"


@contextmanager
def compose(
    settings: Settings, api: ApiSettings, traces: Traces = NOT_TRACED, watched: TelemetrySettings = NOT_WATCHED
) -> Iterator[Parts]:
    """Make the parts of the process, and close them in the end.

    Raises: SettingsError, CatalogueError, ClockIsMoved in production.
    """
    url = settings.database_url
    if url is None:
        raise MissingSetting("PSA_LEDGER_DATABASE_URL", "the API needs a database")
    tokens = _verifier(settings, api)
    client_id = _client_id(settings)
    Clock(url, settings.mode)
    catalogue = parse_catalogue(api.catalogue_file.read_text(encoding="utf-8"))
    vault = Vault(key_source(settings))
    with ExitStack() as opened:
        journal = opened.enter_context(
            Journal(url, CODEC, pool_size=settings.pool_size, shares_appends=api.changes_together > 0)
        )
        http = opened.enter_context(open_http(Guard(settings.allowed_origins)))
        numbers = Numbers()

        def watch(call: Call) -> None:
            numbers.psa_called(call)
            traces.done(f"ConnectWise {call.method}", call.lasted, {"verdict": call.verdict})

        wire = Wire(http, client_id, ProcessBudget(), limits=INTERACTIVE, watch=watch)

        def secret(msp: MspId, connection_number: int) -> bytes:
            with psycopg.connect(url, connect_timeout=10) as connection:
                return vault.get(connection, msp, connection_number)

        views = Views(open_pool(url, settings.pool_size))
        yield Parts(
            journal=journal,
            views=views,
            freshness=Freshness(url),
            followed=followed_runs(views),
            catalogue=catalogue,
            psa=Psa(wire, Tenants(wire, secret), settings.allowed_origins),
            vault=vault,
            tokens=Remembering(tokens),
            rates=Rates(SharedLedger(views), Allowances.of(api.requests_per_second)),
            turns=Turns(max(2, settings.pool_size // 2)),
            intake=Intake(journal, api.changes_together),
            introspection=api.introspection if api.introspection is not None else settings.mode is not Mode.PRODUCTION,
            standing=opened.enter_context(watching(watched.listen, url, numbers)),
            numbers=numbers,
            traces=traces,
        )


def _verifier(settings: Settings, api: ApiSettings) -> Verifier:
    """Raises: MissingSetting in production without an identity provider; BadSetting for a broken key file."""
    if api.jwks_url is not None:
        return ProviderKeys(ProviderKeySet(fetching(api.jwks_url)), api.issuer)
    if settings.mode is Mode.PRODUCTION:
        raise MissingSetting("PSA_LEDGER_JWKS_URL", "production verifies tokens with an identity provider's keys")
    path = settings.data_dir / TOKEN_KEY_FILE
    try:
        return LocalKey(read_local_key(path), api.issuer)
    except FileNotFoundError:
        raise MissingSetting("PSA_LEDGER_JWKS_URL", f"and there is no local key {path}") from None
    except ValueError as error:
        raise BadSetting("PSA_LEDGER_DATA_DIR", f"holds a broken {TOKEN_KEY_FILE}") from error


def _client_id(settings: Settings) -> str:
    """Raises: MissingSetting in production."""
    if settings.client_id is not None:
        return settings.client_id
    if settings.mode is Mode.PRODUCTION:
        raise MissingSetting("PSA_LEDGER_CLIENT_ID", "ConnectWise wants our registered clientId on every call")
    return DEMO_CLIENT_ID


def create_app(parts: Parts) -> Starlette:
    """The ASGI application. Its lifespan opens what belongs to the event loop."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with parts.views.pool, parts.freshness:
            yield

    exports = Exports(parts)
    gateway = Gateway(build_schema(introspection=parts.introspection), parts)
    routes = [
        Route("/graphql", gateway),
        WebSocketRoute("/graphql", gateway),
        Route("/exports/facts.ndjson", exports.ndjson),
        Route("/exports/facts.csv", exports.csv),
        *watching_routes(parts),
        *panel_routes(),
    ]
    middleware = [Middleware(Counted, parts.numbers), Middleware(Exchanges)]
    return Starlette(routes=routes, lifespan=lifespan, middleware=middleware)


def main(settings: Settings | None = None, api: ApiSettings | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Prints the URL once the port is taken.

    Raises: SettingsError, OSError when the address is taken.
    """
    settings = settings_from() if settings is None else settings
    api = api_settings_from() if api is None else api
    watched = telemetry_settings_from()
    with ExitStack() as opened:
        traces = opened.enter_context(traces_to(watched.traces_url, "api"))
        set_up_logging("api", also=traces.ids)
        parts = opened.enter_context(compose(settings, api, traces, watched))
        bound = opened.enter_context(_listening(api))
        host, port = bound.getsockname()[:2]
        sys.stdout.write(f"PSA Ledger API: http://{f'[{host}]' if ':' in host else host}:{port}\n")
        sys.stdout.flush()
        serving = server(create_app(parts))
        # What is there now stays; the garbage collector would go through the whole schema again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECTED_EVERY, 20, 20)
        serving.run(sockets=[bound])
    return 0


@contextmanager
def _listening(api: ApiSettings) -> Iterator[socket.socket]:
    """A listening socket: who connects before the server runs waits.

    Raises: OSError when the address is taken.
    """
    family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
    # The protocol is named because asyncio turns off Nagle's delay only then.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((api.host, api.port))
        bound.listen(2048)
        yield bound

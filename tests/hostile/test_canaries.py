"""Keys that are recognisable wherever they turn up, through the whole life of a connection, and a search everywhere."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from simulator.app import create_app
from simulator.server import running
from tests.api import operations
from tests.api.given import change, new_organization
from tests.api.harness import SimulatedTenant, new_tenant
from tests.hostile.set_up import done
from tests.hostile.world import OURS, World, open_world

WRONG = {"privateKey": "CANARYwrongPrivate0815", "publicKey": "CANARYwrongPublic0815"}


def forms(secret: str) -> dict[str, bytes]:
    """How a key could stand somewhere: as it is, or as it travels."""
    raw = secret.encode()
    return {
        "as it is": raw,
        "in base64": base64.b64encode(raw),
        "in url-safe base64": base64.urlsafe_b64encode(raw).rstrip(b"="),
        "in hex": raw.hex().encode(),
        "backwards": raw[::-1],
    }


def credentials(tenant: SimulatedTenant) -> list[bytes]:
    whole = f"{tenant.company_id}+{tenant.public_key}:{tenant.private_key}".encode()
    return [base64.b64encode(whole)[:-4], whole]


def everywhere(world: World, tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """Every place that outlives a request: all tables, the log, every file, exports, metrics."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            for row in connection.execute(SQL("SELECT t.* FROM {} t").format(Identifier(schema, table))):
                held = [bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode() for each in row]
                yield f"table {schema}.{table}", b"\n".join(held)
        for query, parameters in connection.execute("SELECT query, '' FROM pg_stat_activity").fetchall():
            yield "what the server shows of running statements", f"{query} {parameters}".encode()
    yield "the log", world.log.getvalue().encode()
    auditor = {"Authorization": f"Bearer {world.token('AUDITOR', OURS)}"}
    overseer = {"Authorization": f"Bearer {world.token('AUDITOR', None)}"}
    for path in ("/exports/facts.ndjson", "/exports/facts.csv"):
        yield path, world.client.get(path, headers=auditor).content
    for path in ("/metrics", "/ready", "/health"):
        yield path, world.client.get(path, headers=overseer).content
    for file in tmp_path.rglob("*"):
        if file.is_file():
            yield f"file {file.name}", file.read_bytes()


@pytest.fixture
def canary() -> Iterator[tuple[str, SimulatedTenant]]:
    with running(create_app(())) as url:
        yield url, new_tenant(url)


def tell_the_story(world: World, tenant: SimulatedTenant) -> list[str]:
    """Connect, fail to, map, change keys, report usage, preview, sync, and be refused; what was answered meanwhile."""
    admin, platform = ("ADMIN", OURS), ("PLATFORM", None)
    said = []

    def ask(query: str, who: tuple[str, str | None], given: dict[str, Any]) -> None:
        said.append(world.ask(query, {"input": given}, world.token(*who)).text)

    done(world, operations.REGISTER, platform, {"msp": OURS, "organizations": [new_organization("globex")]})
    ask(operations.TEST_CONNECTION, admin, tenant.keys)
    ask(operations.TEST_CONNECTION, admin, {**tenant.keys, **WRONG})
    for field in ("companyId", "siteUrl"):  # typed into the wrong field; only whoever typed it may hear of it again
        typed = tenant.private_key if field == "companyId" else f"https://{tenant.private_key}.invalid"
        assert world.ask(operations.CONNECT, {"input": {**tenant.keys, field: typed}}, world.token(*admin)).is_refused
    ask(operations.CONNECT, admin, {**tenant.keys, "idempotencyKey": "once"})
    ask(operations.CONNECT, admin, {**tenant.keys, "idempotencyKey": "once"})
    for number, component in enumerate(("LICENSE", "SERVER")):
        product = tenant.product(number)["id"]
        ask(operations.MAP_PRODUCT, admin, {"plan": "network-core", "component": component, "product": product})
    ask(operations.CONFIRM, admin, {})
    ask(operations.UPDATE_CREDENTIALS, admin, {name: tenant.keys[name] for name in ("publicKey", "privateKey")})
    ask(operations.UPDATE_CREDENTIALS, admin, {**WRONG})
    said.append(
        world.send(json.dumps({"query": f'{{ a(k: "{tenant.private_key}") }}'}).encode(), world.token(*admin)).text
    )
    changes = [change("c1", "globex", delta=3)]
    ask(operations.CHANGE_LICENSES, platform, {"msp": OURS, "changes": changes})
    said.append(world.ask('{ psaProducts(search: "a") { id } }', {}, world.token(*admin)).text)
    return said


def test_no_key_stands_anywhere_but_in_the_vault_and_there_sealed(
    canary: tuple[str, SimulatedTenant], database: str, tmp_path: Path
) -> None:
    simulator_url, tenant = canary
    with open_world(database, tmp_path, frozenset({simulator_url})) as world:
        said = tell_the_story(world, tenant)
        kept = world.connection.execute("SELECT count(*) FROM vault_secrets").fetchone()
        found = searched(world, tmp_path, tenant)
        gone = world.ask(operations.DISCONNECT, {"input": {}}, world.token("ADMIN", OURS))
        left = world.connection.execute("SELECT count(*) FROM vault_secrets").fetchone()
        found += searched(world, tmp_path, tenant)

    secrets = [tenant.private_key, tenant.public_key, *WRONG.values()]
    assert ((1,), (0,)) == (kept, left)
    assert not gone.is_refused, gone.text
    assert [] == found
    assert [] == [text for text in said for each in secrets if each in text]


def searched(world: World, tmp_path: Path, tenant: SimulatedTenant) -> list[str]:
    secrets = [tenant.private_key, tenant.public_key, *WRONG.values()]
    marks = {f"key {number} {how}": form for number, each in enumerate(secrets) for how, form in forms(each).items()}
    marks |= {f"credentials {number}": form for number, form in enumerate(credentials(tenant))}
    return [
        f"{mark} in {place}"
        for place, held in everywhere(world, tmp_path)
        for mark, form in marks.items()
        if form in held
    ]


def test_the_search_finds_a_key_wherever_one_is_planted(
    canary: tuple[str, SimulatedTenant], database: str, tmp_path: Path
) -> None:
    """The search itself can fail: planted keys are found, one by one."""
    simulator_url, tenant = canary
    with open_world(database, tmp_path, frozenset({simulator_url})) as world:
        clean = searched(world, tmp_path, tenant)
        world.log.write(f"oops {tenant.private_key}\n")
        (tmp_path / "dump").write_bytes(base64.b64encode(tenant.public_key.encode()))
        world.connection.execute(
            "INSERT INTO leases VALUES (%s, 'm', 'h', now())", (tenant.private_key.encode().hex(),)
        )
        dirty = searched(world, tmp_path, tenant)

    assert [] == clean
    assert {"the log", "file dump", "table public.leases"} == {each.rpartition(" in ")[2] for each in dirty}

"""The API as a process of its own: it says where it listens, serves, and ends when told to."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.settings import TOKEN_KEY_FILE, ApiSettings, api_settings_from
from api.tokens import LocalKey, create_local_key, read_local_key
from domain.values import MspId
from journal.entry import Role
from journal.settings import BadSetting

RUN = "import sys; from api.app import main; sys.exit(main())"


def test_the_process_prints_its_url_serves_and_ends_on_sigterm(api_database: str, tmp_path: Path) -> None:
    create_local_key(tmp_path / TOKEN_KEY_FILE)

    process = started(api_database, tmp_path)
    try:
        url = url_printed_by(process)
        health = httpx.get(f"{url}/health", timeout=120, trust_env=False)
        unknown = httpx.post(f"{url}/graphql", json={"query": "{ serverTime }"}, timeout=120, trust_env=False)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)

    assert health.json() == {"status": "alive"}
    assert unknown.status_code == 401
    assert process.returncode in {0, -signal.SIGTERM}


def test_who_follows_events_does_not_hold_up_the_end(api_database: str, tmp_path: Path) -> None:
    create_local_key(tmp_path / TOKEN_KEY_FILE)
    key = LocalKey(read_local_key(tmp_path / TOKEN_KEY_FILE), ApiSettings().issuer)
    token = key.issue(subject="auditor", role=Role.AUDITOR, msp=MspId("acme"), lifetime=timedelta(minutes=5))
    asked = {"query": "subscription { facts { cursor } }"}
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}

    process = started(api_database, tmp_path)
    try:
        url = url_printed_by(process)
        with httpx.stream("POST", f"{url}/graphql", json=asked, headers=headers, timeout=120, trust_env=False) as told:
            assert told.status_code == 200
            process.send_signal(signal.SIGTERM)
            with pytest.raises(httpx.RemoteProtocolError):
                told.read()
    finally:
        process.send_signal(signal.SIGTERM)
        said, logged = process.communicate(timeout=120)

    assert "ERROR" not in said + logged
    assert process.returncode in {0, -signal.SIGTERM}


def started(database: str, directory: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PSA_LEDGER_MODE": "test",
        "PSA_LEDGER_DATABASE_URL": url_of(database),
        "PSA_LEDGER_DATA_DIR": str(directory),
        "PSA_LEDGER_API_PORT": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-c", RUN], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def url_printed_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("PSA Ledger API: http://127.0.0.1:")
    return line.strip().rpartition(" ")[2]


def url_of(conninfo: str) -> str:
    """The settings take a URL; the test's database is named by keywords."""
    parts = dict(part.split("=", 1) for part in conninfo.split())
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}&port={parts['port']}"


def test_a_local_key_is_readable_by_its_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "data" / TOKEN_KEY_FILE

    create_local_key(path)
    first = path.read_bytes()
    create_local_key(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == first
    assert read_local_key(path).public_key() is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "http"),
        ("API_PORT", "70000"),
        ("API_PORT", "-1"),
        ("JWKS_URL", "http://id.example.com/keys"),
        ("INTROSPECTION", "maybe"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        api_settings_from({f"PSA_LEDGER_{name}": value})


def test_what_is_not_set_has_a_default() -> None:
    assert api_settings_from({"PSA_LEDGER_API_HOST": ""}) == ApiSettings()
    assert api_settings_from({"PSA_LEDGER_INTROSPECTION": "off"}).introspection is False

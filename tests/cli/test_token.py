"""Tokens for demo and tests: signed with the local key, never in production."""

import argparse
from datetime import timedelta
from pathlib import Path

import pytest

from api.settings import TOKEN_KEY_FILE, ApiSettings
from api.tokens import LocalKey, create_local_key, read_local_key
from cli.main import main
from cli.places import Places
from cli.token import issue, lifetime, write_tokens
from domain.values import MspId
from journal.entry import Role


def verified(places: Places, token: str) -> tuple[str, Role, MspId | None]:
    """Whom a token stands for, as the API sees it."""
    who = LocalKey(read_local_key(places.data / TOKEN_KEY_FILE), ApiSettings().issuer).verify(token.strip())
    return who.subject, who.role, who.msp


def test_a_token_says_who_in_which_role_and_for_which_msp(tmp_path: Path) -> None:
    places = Places(tmp_path)

    token = issue(places, Role.ADMIN, "demo", subject="ann", ttl=timedelta(minutes=5))

    assert verified(places, token) == ("ann", Role.ADMIN, "demo")


def test_there_is_a_token_of_each_role_and_the_platforms_is_for_every_msp(tmp_path: Path) -> None:
    places = Places(tmp_path)

    written = write_tokens(places, "demo")

    assert {role: verified(places, Path(path).read_text())[2] for role, path in written.items()} == {
        "admin": "demo",
        "auditor": "demo",
        "platform": None,
    }


def test_the_verb_prints_a_token_that_the_api_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PSA_LEDGER_MODE", "demo")

    assert main(["token", "--role", "AUDITOR", "--msp", "demo", "--subject", "eve", "--ttl", "5m"]) == 0

    assert verified(Places(tmp_path), capsys.readouterr().out) == ("eve", Role.AUDITOR, "demo")


def test_production_gets_its_tokens_from_the_identity_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PSA_LEDGER_MODE", "production")

    assert main(["token", "--role", "AUDITOR"]) == 1

    assert "identity provider" in capsys.readouterr().err
    assert not (tmp_path / TOKEN_KEY_FILE).exists()


def test_production_refuses_also_where_a_demo_left_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_local_key(tmp_path / TOKEN_KEY_FILE)
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PSA_LEDGER_MODE", "production")

    assert main(["token", "--role", "AUDITOR"]) == 1


def test_an_admin_of_no_msp_gets_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PSA_LEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PSA_LEDGER_MODE", "demo")

    assert main(["token", "--role", "ADMIN"]) == 2

    assert "names its MSP" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "8", "0h", "-1h", "8w", "1.5h", "8h "])
def test_a_lifetime_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        lifetime(text)


def test_a_lifetime_is_a_number_and_a_unit() -> None:
    assert lifetime("7d") == timedelta(days=7)

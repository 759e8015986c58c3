"""Settings are read once, refused by name when bad, and never show a secret."""

from pathlib import Path

import pytest

from journal.settings import BadSetting, Mode, Settings, noticing, settings_from


def test_without_any_setting_it_is_production_on_the_embedded_database() -> None:
    assert settings_from({}) == Settings(Mode.PRODUCTION, None, None, Path(".data"), frozenset(), None, None, None, 8)


def test_every_setting_is_read() -> None:
    environment = {
        "PSA_LEDGER_MODE": "demo",
        "PSA_LEDGER_DATABASE_URL": "postgresql://u:secret@db/ledger",
        "PSA_LEDGER_BROKER_URL": "redis://:secret@broker/0",
        "PSA_LEDGER_DATA_DIR": "/srv/ledger",
        "PSA_LEDGER_ALLOWED_ORIGINS": "http://127.0.0.1:8091, https://Simulator.example",
        "PSA_LEDGER_CLIENT_ID": "secret",
        "PSA_LEDGER_VAULT_KEYS_FILE": "/run/keys",
        "PSA_LEDGER_POOL_SIZE": "12",
        "UNRELATED": "x",
    }

    expected = Settings(
        mode=Mode.DEMO,
        database_url=noticing("postgresql://u:secret@db/ledger"),
        broker_url="redis://:secret@broker/0",
        data_dir=Path("/srv/ledger"),
        allowed_origins=frozenset({"http://127.0.0.1:8091", "https://simulator.example"}),
        client_id="secret",
        vault_keys_file=Path("/run/keys"),
        pool_size=12,
    )
    assert settings_from(environment) == expected
    assert "secret" not in repr(expected)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert settings_from({"PSA_LEDGER_DATABASE_URL": "", "PSA_LEDGER_MODE": ""}) == settings_from({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PSA_LEDGER_MODE", "staging"),
        ("PSA_LEDGER_DATABASE_URL", "mysql://u:hunter2@db/ledger"),
        ("PSA_LEDGER_DATABASE_URL", "postgresql:hunter2"),
        ("PSA_LEDGER_BROKER_URL", "kafka://hunter2@x"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "127.0.0.1:8091"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "http://127.0.0.1:8091/path"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "http://user@127.0.0.1"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "http://127.0.0.1:99999"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "ftp://127.0.0.1"),
        ("PSA_LEDGER_ALLOWED_ORIGINS", "*"),
        ("PSA_LEDGER_POOL_SIZE", "0"),
        ("PSA_LEDGER_POOL_SIZE", "many"),
        ("PSA_LEDGER_POOL_SIZE", "²"),
    ],
)
def test_a_bad_setting_is_refused_by_name_without_repeating_secrets(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name) as caught:
        settings_from({name: text})

    assert caught.value.name == name
    assert "hunter2" not in str(caught.value)


def test_keys_come_from_one_place_only() -> None:
    with pytest.raises(BadSetting, match="exclude each other"):
        settings_from({"PSA_LEDGER_VAULT_KEYS": "1:x", "PSA_LEDGER_VAULT_KEYS_FILE": "/run/keys"})

"""What an operator may set about the API process, beside the settings that every process shares."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from journal.settings import PREFIX, BadSetting

DEFAULT_PORT = 8080
TOKEN_KEY_FILE = "token-key.pem"  # noqa: S105 - the name of a file, not what it holds


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens and whom it believes.

    `port` 0 takes a free one. `jwks_url` names the keys of an identity provider; without it tokens are verified with
    the local key in the data directory, which production refuses. `introspection` None means: not in production.
    `requests_per_second` is what one caller may ask on average (`rates.Allowances.of`). `changes_together` bounds the
    changes of waiting calls that are recorded in one append; 0 records each call by itself.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    jwks_url: str | None = None
    issuer: str = "psa-ledger"
    catalogue_file: Path = Path(__file__).resolve().parent.parent / "catalogue.toml"
    introspection: bool | None = None
    requests_per_second: float = 50
    changes_together: int = 1_000


def api_settings_from(environment: Mapping[str, str] = os.environ) -> ApiSettings:
    """Read the API's settings; an empty variable counts as not set.

    Raises: BadSetting.

    >>> api_settings_from({"PSA_LEDGER_API_PORT": "0"}).port
    0
    """

    def given(name: str) -> str | None:
        return environment.get(PREFIX + name) or None

    defaults = ApiSettings()
    catalogue = given("CATALOGUE_FILE")
    return ApiSettings(
        host=given("API_HOST") or defaults.host,
        port=_port(given("API_PORT"), defaults.port),
        jwks_url=_jwks_url(given("JWKS_URL")),
        issuer=given("TOKEN_ISSUER") or defaults.issuer,
        catalogue_file=defaults.catalogue_file if catalogue is None else Path(catalogue),
        introspection=_flag("INTROSPECTION", given("INTROSPECTION")),
        requests_per_second=_rate(given("REQUESTS_PER_SECOND"), defaults.requests_per_second),
        changes_together=_count("CHANGES_TOGETHER", given("CHANGES_TOGETHER"), defaults.changes_together),
    )


def _port(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise BadSetting(f"{PREFIX}API_PORT", "is a port from 0 (any free one) to 65535")
    return int(text)


def _jwks_url(text: str | None) -> str | None:
    if text is not None and not text.startswith("https://"):
        raise BadSetting(f"{PREFIX}JWKS_URL", "is a URL beginning with https://")
    return text


def _rate(text: str | None, default: float) -> float:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) or float(text) <= 0:
        raise BadSetting(f"{PREFIX}REQUESTS_PER_SECOND", "is a number above 0, such as 50 or 0.5")
    return float(text)


def _count(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise BadSetting(PREFIX + name, "is a whole number from 0 to 999999")
    return int(text)


def _flag(name: str, text: str | None) -> bool | None:
    if text is None:
        return None
    if text not in {"on", "off"}:
        raise BadSetting(PREFIX + name, "is on or off")
    return text == "on"

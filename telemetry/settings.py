"""What an operator may set about being watched, beside the settings that every process shares."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from journal.settings import PREFIX, BadSetting


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. `port` 0 takes a free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """`listen` none: this process opens no port for its numbers. `traces_url` none: nothing is traced.

    `traces_url` is an OTLP endpoint over HTTP (`http://collector:4318/v1/traces`).
    """

    listen: Address | None = None
    traces_url: str | None = field(default=None, repr=False)


NOT_WATCHED = TelemetrySettings()


def telemetry_settings_from(environment: Mapping[str, str] = os.environ) -> TelemetrySettings:
    """Read the settings; an empty variable counts as not set.

    Raises: BadSetting.

    >>> telemetry_settings_from({"PSA_LEDGER_METRICS_LISTEN": "127.0.0.1:9464"}).listen
    Address(host='127.0.0.1', port=9464)
    """
    traces = environment.get(f"{PREFIX}TRACES_URL") or None
    if traces is not None and not traces.startswith(("http://", "https://")):
        raise BadSetting(f"{PREFIX}TRACES_URL", "is a URL beginning with http:// or https://")
    listen = environment.get(f"{PREFIX}METRICS_LISTEN") or None
    return TelemetrySettings(None if listen is None else _address(listen), traces)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise BadSetting(f"{PREFIX}METRICS_LISTEN", "is an address and a port such as 127.0.0.1:9464")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))

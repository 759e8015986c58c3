"""Clients at which the process dies: before or after any request, as often as asked for."""

from dataclasses import dataclass
from typing import Any

from domain.values import MspId
from workers.tools import Clients


class Crash(BaseException):
    """The process is gone. Not an Exception, so that nothing on the way takes it for a failure to handle."""


class _Dying:
    """Counts the edges of requests, two for each, and dies at one of them."""

    def __init__(self, client: Any, clients: "CrashingClients") -> None:
        self._client = client
        self._clients = clients

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._client, name)
        if not callable(asked):
            return asked

        def dying(*arguments: Any, **named: Any) -> Any:
            self._clients.pass_edge()
            answer = asked(*arguments, **named)
            self._clients.pass_edge()
            return answer

        return dying


@dataclass
class CrashingClients:
    """Dies at the edge of number `point`, counted from 0 over all requests of all clients."""

    clients: Clients
    point: int
    passed: int = 0

    def pass_edge(self) -> None:
        self.passed += 1
        if self.passed > self.point:
            raise Crash

    def reading(self, msp: MspId, connection_number: int) -> Any:
        return _Dying(self.clients.reading(msp, connection_number), self)

    def writing(self, msp: MspId, connection_number: int) -> Any:
        return _Dying(self.clients.writing(msp, connection_number), self)

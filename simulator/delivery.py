"""Getting an answer onto the wire, whole or spoilt to order.

Dropping a connection needs the server's help: `server` puts a function that does so into the ASGI scope.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from simulator.answering import Answer
from simulator.errors import refused

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HANG_UP = "simulator.hang_up"
"""Name of the scope extension: a function without arguments that drops the connection."""
PIECE = 65_536


@dataclass(slots=True)
class Troubles:
    """What is to go wrong with the answer of a request that was carried out."""

    slow_seconds: float = 0
    truncated: bool = False
    oversized_bytes: int = 0
    cut_before: bool = False
    cut_after: bool = False
    error: tuple[int, str] | None = None
    """Status and kind of body of an error that is answered although the request took effect."""


async def receive_body(receive: Receive, largest: int) -> bytes | None:
    """The whole body, or None when the client went away before it was complete.

    Raises: Refused (413) for a body over the limit.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            raise refused(413, "ConnectWiseApi", "The request body is too large.")
        if not message.get("more_body", False):
            return b"".join(pieces)


async def hang_up(scope: Message, receive: Receive) -> None:
    """Drop the connection without an answer, and wait until it is gone.

    Raises: RuntimeError under a server that cannot do it.
    """
    drop = scope.get("extensions", {}).get(HANG_UP)
    if drop is None:
        raise RuntimeError("cutting a connection needs the server of simulator.server")
    drop()
    while (await receive())["type"] != "http.disconnect":
        pass


async def deliver(answer: Answer, content_type: str, troubles: Troubles, send: Send) -> None:
    if answer.body is None and answer.status == 204:
        payload = b""
    elif isinstance(answer.body, bytes):
        payload, content_type = answer.body, "text/html; charset=utf-8"
    else:
        payload = orjson.dumps(answer.body)
    if troubles.truncated:
        payload = payload[: len(payload) // 2]
    padding = max(0, troubles.oversized_bytes - len(payload))
    headers = [
        (b"content-length", b"%d" % (len(payload) + padding)),
        (b"api-current-version", b"2026.4"),
        *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()),
    ]
    if answer.status != 204:
        headers.append((b"content-type", content_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if troubles.slow_seconds:
        await trickle(payload, troubles.slow_seconds, send)
    elif padding:
        await send({"type": "http.response.body", "body": payload, "more_body": True})
        for start in range(0, padding, PIECE):
            piece = b" " * min(PIECE, padding - start)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": payload})


async def trickle(payload: bytes, seconds: float, send: Send) -> None:
    """Spread the body over the time in twenty pieces."""
    step = max(1, -(-len(payload) // 20))
    pieces = [payload[start : start + step] for start in range(0, len(payload), step)]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})

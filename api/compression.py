"""Large answers travel compressed to whoever reads that.

Not around all routes: whether an answer is large is known where it is made, and most are not. Streams of events and
exports stay as they are: they would come in lumps, and their bytes are to be proven.
"""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

COMPRESSED_FROM, COMPRESSION = 2_000, 4
"""Bytes from which an answer is compressed, and how hard: a page shrinks to a tenth in a fraction of a millisecond."""
COMPRESSED = Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION)
"""For routes whose answers are often large."""


def answer(body: bytes, media_type: str) -> Response:
    return (_Large if len(body) >= COMPRESSED_FROM else Response)(body, media_type=media_type)


class _Large(Response):
    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await GZipMiddleware(super().__call__, COMPRESSED_FROM, COMPRESSION)(scope, receive, send)

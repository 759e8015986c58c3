"""The panel's files, served beside the API they talk to.

The panel is built by Vite from `web/` into `api/panel_files/`. Its assets carry a hash in their names and are kept for
ever; the page itself is asked for anew each time. The page may load nothing from elsewhere and run nothing that is not
in these files.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from api.compression import COMPRESSED

PANEL_FILES = Path(__file__).with_name("panel_files")
FOREVER = "public, max-age=31536000, immutable"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOT_THE_PANELS = ("graphql", "exports", "health", "ready", "metrics", "assets")
"""First parts of paths that are never answered with the page."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def panel_routes(files: Path = PANEL_FILES) -> list[BaseRoute]:
    """The routes of the panel; they come after all others, since the page answers for every path that is left."""

    async def asset(request: Request) -> Response:
        path = files / "assets" / request.path_params["name"]
        if path.suffix not in _TYPES or not path.is_file():
            return _nothing_here()
        headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        small = path.with_name(f"{path.name}.br")
        if _accepts_brotli(request) and small.is_file():
            path, headers = small, {**headers, "Content-Encoding": "br"}
        return FileResponse(path, headers=headers, media_type=_TYPES[Path(request.path_params["name"]).suffix])

    async def page(request: Request) -> Response:
        first = request.path_params["path"].partition("/")[0]
        if first in NOT_THE_PANELS or "text/html" not in request.headers.get("accept", ""):
            return _nothing_here()
        index = files / "index.html"
        if not index.is_file():
            return PlainTextResponse("The panel is not built: run `make panel` in the checkout.\n", 404, PAGE_HEADERS)
        return FileResponse(index, headers=PAGE_HEADERS, media_type="text/html")

    # A name is one segment of a path, so that it can not climb out of the directory.
    return [
        Route("/assets/{name}", asset, middleware=[COMPRESSED]),
        Route("/{path:path}", page, middleware=[COMPRESSED]),
    ]


def _nothing_here() -> Response:
    return PlainTextResponse("Not Found", 404)


def _accepts_brotli(request: Request) -> bool:
    """Whether the caller takes brotli. Source: RFC 9110, 12.5.3; a weight of 0 says no."""
    for one in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() == "br":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

"""The panel's files beside the API: what is served, how long it is kept, and what the page may do."""

from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from api.panel import FOREVER, PANEL_FILES, panel_routes

HTML = {"Accept": "text/html,application/xhtml+xml"}


class Client:
    """A browser's requests to the panel's routes alone."""

    def __init__(self, files: Path) -> None:
        self._app = Starlette(routes=panel_routes(files))

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://panel.test") as client:
                return await client.get(path, headers=headers)

        with start_blocking_portal() as portal:
            return portal.call(ask)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>PSA Ledger</title>")
    (tmp_path / "assets" / "index-1a2b.js").write_text("plain")
    (tmp_path / "assets" / "index-1a2b.js.br").write_bytes(b"small")
    (tmp_path / "assets" / "index-3c4d.css").write_text("body {}")
    (tmp_path / "secret.txt").write_text("secret")
    return Client(tmp_path)


@pytest.mark.parametrize("path", ["/", "/companies", "/organizations/globex", "/history?fact=1"])
def test_every_page_is_the_one_document_asked_for_anew_each_time(client: Client, path: str) -> None:
    answer = client.get(path, **HTML)

    assert (200, "no-cache") == (answer.status_code, answer.headers["cache-control"])
    assert "text/html; charset=utf-8" == answer.headers["content-type"]


def test_the_page_may_load_and_run_nothing_but_its_own_files(client: Client) -> None:
    headers = client.get("/", **HTML).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    } == policy
    assert "nosniff" == headers["x-content-type-options"]
    assert "no-referrer" == headers["referrer-policy"]
    assert "same-origin" == headers["cross-origin-opener-policy"]


def test_an_asset_is_kept_for_ever_and_comes_compressed_to_who_takes_that(client: Client) -> None:
    plain, small = (
        client.get("/assets/index-1a2b.js", **{"Accept-Encoding": "gzip"}),
        client.get("/assets/index-1a2b.js", **{"Accept-Encoding": "gzip, br"}),
    )

    assert (FOREVER, None, "plain") == (
        plain.headers["cache-control"],
        plain.headers.get("content-encoding"),
        plain.text,
    )
    assert (FOREVER, "br") == (small.headers["cache-control"], small.headers["content-encoding"])
    assert {"text/javascript; charset=utf-8"} == {one.headers["content-type"] for one in (plain, small)}
    assert {"Accept-Encoding"} == {one.headers["vary"] for one in (plain, small)}


def test_an_encoding_with_weight_zero_is_not_taken(client: Client) -> None:
    answer = client.get("/assets/index-1a2b.js", **{"Accept-Encoding": "br;q=0, gzip"})

    assert "plain" == answer.text


def test_an_asset_without_a_compressed_neighbour_comes_as_it_is(client: Client) -> None:
    answer = client.get("/assets/index-3c4d.css", **{"Accept-Encoding": "br"})

    assert ("body {}", None) == (answer.text, answer.headers.get("content-encoding"))


@pytest.mark.parametrize(
    "path",
    [
        "/assets/unknown.js",
        "/assets/",
        "/assets/index-1a2b.js.br",
        "/assets/..%2Fsecret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/deep/er.js",
        "/graphql/more",
        "/exports/unknown",
        "/health/more",
        "/ready/more",
        "/metrics",
    ],
)
def test_what_is_not_the_panels_is_not_answered_with_the_page(client: Client, path: str) -> None:
    answer = client.get(path, **HTML)

    assert (404, "Not Found") == (answer.status_code, answer.text)


def test_who_does_not_want_a_page_gets_none(client: Client) -> None:
    assert 404 == client.get("/companies", Accept="application/json").status_code


def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    answer = Client(tmp_path).get("/", **HTML)

    assert 404 == answer.status_code
    assert "make panel" in answer.text


def test_the_built_page_holds_nothing_that_its_policy_forbids() -> None:
    text = (PANEL_FILES / "index.html").read_text(encoding="utf-8")

    assert "<style" not in text
    assert " style=" not in text
    assert 1 == text.count("<script")
    assert '<script type="module" crossorigin src="/assets/' in text

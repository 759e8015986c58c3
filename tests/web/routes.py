"""The panel's table of routes, read from its sources: a page that is added is visited without being named anywhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.entry import Role

SOURCES = Path(__file__).resolve().parents[2] / "web" / "src" / "pages"
EVERYBODY = (Role.ADMIN, Role.AUDITOR, Role.PLATFORM)

FILLED = {
    "/organizations/:id": "/organizations/{globex}",
    "/runs/:id": "/runs/{run}",
    "/explain/:agreement/:product": "/explain/{agreement}/{license}",
    "/month-end/:month": "/month-end/{last_month}",
}
"""What stands for the parts of a path that vary. A new path that varies fails until it has a line here."""
UNKNOWN = {
    "globex": "nobody",
    "run": "8d1b3f1e-0000-4000-8000-000000000000",
    "imported": "8d1b3f1e-0000-4000-8000-000000000001",
    "preview": "8d1b3f1e-0000-4000-8000-000000000002",
    "agreement": 4711,
    "license": 4712,
}
"""The same where nothing of it is there."""
FURTHER = (
    ("companies", "/companies?by=organization"),
    ("companies", "/companies?state=suggested"),
    ("companies", "/companies?search=nobody-has-this-name"),
    ("compare", "/history/compare?from=2026-01-01T00:00:00Z&to={now}"),
    ("history", "/history?fact={fact}"),
    ("import", "/import?run={imported}"),
    ("month_end", "/month-end/{month}"),
    ("preview", "/runs/preview?run={preview}"),
    ("run", "/runs/{imported}"),
)
"""What else a page shows, by its address."""


@dataclass(frozen=True)
class Route:
    """What a page says about itself in its `route.ts`."""

    name: str
    paths: tuple[str, ...]
    roles: tuple[Role, ...]
    shows_then: bool


@dataclass(frozen=True)
class Visit:
    """Somebody at an address. `path` has names to fill in."""

    page: str
    path: str
    role: Role

    def __str__(self) -> str:
        """For the names of tests and files."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.path}".lower().replace("{", "").replace("}", "")).strip("-")
        return f"{self.role.value.lower()}-{words or 'home'}"


def routes() -> Iterator[Route]:
    for source in sorted(SOURCES.glob("*/route.ts")):
        text = source.read_text(encoding="utf-8")
        roles = _strings(text, "roles")
        yield Route(
            source.parent.name,
            _strings(text, "paths"),
            tuple(Role[each] for each in roles) or EVERYBODY,
            "showsThen: true" in text,
        )


def _strings(text: str, name: str) -> tuple[str, ...]:
    found = re.search(rf"{name}: \[([^\]]*)\]", text)
    return tuple(re.findall(r"'([^']*)'", found[1])) if found else ()


def visits() -> list[Visit]:
    """Every path of every page: by the admin where that is his, and by the platform where it sees the page too."""
    found = []
    for route in routes():
        paths = [FILLED[path] if ":" in path else path for path in route.paths]
        then = [f"{path}?at={{now}}" for path in paths] if route.shows_then else []
        further = [path for page, path in FURTHER if page == route.name]
        roles = [role for role in (Role.ADMIN, Role.PLATFORM) if role in route.roles]
        found += [Visit(route.name, path, role) for role in roles for path in (*paths, *further, *then)]
    return found


def filled(visit: Visit, names: dict[str, Any]) -> str:
    return visit.path.format(**names)

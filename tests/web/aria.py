"""What assistive technology is told of each page, kept in `aria/`, one file per page.

`ARIA=write` in the environment writes the files anew; look at what changed before keeping it. A file holds the frame of
a page and the first row of each list; what differs from day to day (figures, instants, ids) is left open.
"""

import json
import os
import re
from calendar import month_abbr, month_name
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.web.routes import Visit

FOLDER = Path(__file__).with_name("aria")
FIRST_ONLY = ("row", "listitem", "option")
"""Of these the first one among its siblings stands for all: the others differ from day to day."""
UNNAMED = ("row", "cell", "rowheader", "listitem")
"""Their names are what they hold."""
LONGEST_NAME = 60
"""What is longer is a sentence about somebody's data."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
LINE = re.compile(r'([a-z]+)(?: "((?:[^"\\]|\\.)*)")?((?: \[[a-z-]+(?:=[^\]]*)?\])*)')
VARYING = re.compile(rf"\d+|\b(?:{'|'.join(month_name[1:])}|{'|'.join(month_abbr[1:])})\b")


@dataclass
class _Line:
    text: str
    children: list["_Line"]

    @property
    def plain(self) -> str:
        """Without the signs that YAML needs."""
        text = self.text.removeprefix("- ")
        return text[1:].replace("''", "'") if text.startswith("'") else text

    @property
    def role(self) -> str:
        return re.split(r"[ :]", self.plain, maxsplit=1)[0]


@dataclass(frozen=True)
class Outline:
    file: Path

    def holds(self, page: Page) -> None:
        if os.environ.get("ARIA") == "write":
            FOLDER.mkdir(exist_ok=True)
            self.file.write_text(simplified(page.get_by_role("main").aria_snapshot()), encoding="utf-8")
        expect(page.get_by_role("main")).to_match_aria_snapshot(self.file.read_text(encoding="utf-8"))


def outline(visit: Visit) -> Outline:
    return Outline(FOLDER / f"{visit}.yaml")


def simplified(snapshot: str) -> str:
    """A snapshot without what differs from day to day: names with a figure in them, texts, addresses, further rows."""
    root = _Line("", [])
    open_lines = [(-1, root)]
    for text in snapshot.splitlines():
        depth = len(text) - len(text.lstrip())
        while open_lines[-1][0] >= depth:
            open_lines.pop()
        line = _Line(text.strip(), [])
        open_lines[-1][1].children.append(line)
        open_lines.append((depth, line))
    return "".join(_written(root.children, 0))


def _written(lines: list[_Line], depth: int) -> Iterator[str]:
    seen: set[str] = set()
    for line in lines:
        if (
            line.text.startswith("- /")
            or line.role in {"text", "time"}
            or (line.role in FIRST_ONLY and line.role in seen)
        ):
            continue
        seen.add(line.role)
        children = list(_written(line.children, depth + 1))
        yield f"{'  ' * depth}- {_named(line)}{':' if children else ''}\n"
        yield from children


def _named(line: _Line) -> str:
    """The role with its name and its state; figures and months in the name are left open."""
    parts = LINE.match(line.plain)
    assert parts is not None, line.text
    role, name, state = parts.groups()
    if name is None or role in UNNAMED or len(name) > LONGEST_NAME or UUID.search(name):
        return role + state
    pattern = VARYING.sub(
        lambda found: r"\d+" if found[0].isdigit() else r"\w+", re.escape(json.loads(f'"{name}"')).replace("\\ ", " ")
    )
    is_open = VARYING.search(name) is not None
    told = f"{role} /{pattern.replace('/', chr(92) + '/')}/{state}" if is_open else f'{role} "{name}"{state}'
    return "'" + told.replace("'", "''") + "'" if ": " in told or " #" in told else told

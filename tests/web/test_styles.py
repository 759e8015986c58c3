"""Styles of one page must not reach another: those of every page that was visited stay loaded."""

import re
from collections import defaultdict

from tests.web.routes import SOURCES

STYLES = SOURCES.parent
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"([^{};]+)\{")
CLASS = re.compile(r"\.([a-z][a-z-]*)")


def outermost_classes(text: str) -> set[str]:
    """The class that each rule begins with; what is nested in a rule holds within it only."""
    found, depth = set(), 0
    for part in re.split(r"(?<=[{};])", COMMENT.sub("", text)):
        rule = RULE.fullmatch(part)
        if rule is not None:
            is_group = rule[1].strip().startswith("@")
            if depth == 0 and not is_group:
                found |= {named[1] for one in rule[1].split(",") if (named := CLASS.match(one.strip()))}
            depth += 0 if depth == 0 and is_group else 1
        elif part.strip() == "}" and depth:
            depth -= 1
    return found


def test_a_page_styles_no_class_of_another_page_or_of_the_common_parts() -> None:
    styled = defaultdict(set)
    for sheet in STYLES.rglob("*.css"):
        for name in outermost_classes(sheet.read_text(encoding="utf-8")):
            styled[name].add(str(sheet.relative_to(STYLES)))

    shared = {name: sheets for name, sheets in styled.items() if any(one.startswith("pages/") for one in sheets)}
    assert len(shared) > 20
    assert {name: sheets for name, sheets in shared.items() if len(sheets) > 1} == {}

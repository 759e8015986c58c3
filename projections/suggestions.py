"""Which company an organization may be, by name: suggested with a score and reasons, never decided.

Names are compared in steps, each forgiving more than the one before: the same name (letter case and blanks aside);
the same but for punctuation or accents; the same without a legal form; and last names that are merely close. A name
that fits several companies, or several organizations, is ambiguous and only listed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process

from domain.values import OrganizationId, PsaCompanyId
from projections.names import name_key

CLOSE_ENOUGH = 88.0
"""Of 100; below that two different companies are more likely than one."""
MOST_CLOSE = 3
"""How many close names are listed for one organization."""

LEGAL_FORMS = (
    r"a\s?g|a\s?/?\s?s|ab|aps|as|asa|bv|b v|bvba|co|company|corp|corporation|doo|d o o|eood|gmbh|gmbh co kg|inc|"
    r"incorporated|kft|kg|limited|llc|l l c|llp|ltd|ltda|mbh|nv|n v|oy|oyj|oü|plc|pty|pty ltd|pvt|pvt ltd|sa|s a|"
    r"sarl|sas|se|sia|sl|spa|s p a|sp z o o|spz oo|srl|s r l|sro|s r o|uab|ug|zrt"
)
_LEGAL_FORM = re.compile(rf"(?:\s(?:{LEGAL_FORMS}))+$")
_NOT_A_WORD = re.compile(r"[^\w]+")


class Likeness(StrEnum):
    """How alike two names are; only EXACT may be preselected for a person."""

    EXACT = "EXACT"
    SPELLING = "SPELLING"
    LEGAL_FORM = "LEGAL_FORM"
    CLOSE = "CLOSE"


@dataclass(frozen=True, slots=True)
class Named:
    """A company or an organization by what it is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Units: `score` from 0 to 1. `is_ambiguous` when the same likeness fits another pair with either of the two."""

    organization: OrganizationId
    company: PsaCompanyId
    likeness: Likeness
    score: float
    reason: str
    is_ambiguous: bool


@dataclass(frozen=True, slots=True)
class _Step:
    likeness: Likeness
    score: float
    reason: str
    key: Callable[[str], str]


def exact_key(name: str) -> str:
    """The same name is the same letters in the same order; only case and blanks may differ.

    >>> exact_key(" Acme  LTD ") == exact_key("acme ltd"), exact_key("Müller") == exact_key("Muller")
    (True, False)
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def spelling_key(name: str) -> str:
    """Without accents and punctuation; a name of nothing else is kept, or all such names would be the same.

    >>> spelling_key("A.B. Müller & Co") == spelling_key("AB Muller Co")
    True
    """
    plain = _NOT_A_WORD.sub(" ", re.sub(r"(?<=\w)[.'’]+(?=\w)", "", name_key(name)).replace(".", "")).strip()
    return plain or exact_key(name)


def legal_key(name: str) -> str:
    """Without legal forms at the end.

    >>> legal_key("Globex GmbH & Co. KG"), legal_key("Initech B.V."), legal_key("Ltd")
    ('globex', 'initech', 'ltd')
    """
    plain = spelling_key(name)
    return _LEGAL_FORM.sub("", plain) or plain


_STEPS = (
    _Step(Likeness.EXACT, 1.0, "same name", exact_key),
    _Step(Likeness.SPELLING, 0.95, "same name but for punctuation or accents", spelling_key),
    _Step(Likeness.LEGAL_FORM, 0.9, "same name without the legal form", legal_key),
)


def suggest(companies: Sequence[Named], organizations: Sequence[Named]) -> tuple[Suggestion, ...]:
    """Pair organizations with companies by name.

    Shape: by organization in the order given, the best first. An organization that is paired in one step is not
    looked at in the next.
    """
    found: dict[str, list[Suggestion]] = {}
    remaining = list(organizations)
    for step in _STEPS:
        here = _same_by(step, companies, remaining)
        for suggestion in here:
            found.setdefault(suggestion.organization, []).append(suggestion)
        remaining = [one for one in remaining if one.id not in found]
    for suggestion in _close(companies, remaining):
        found.setdefault(suggestion.organization, []).append(suggestion)
    return tuple(suggestion for one in organizations for suggestion in found.get(one.id, ()))


def _same_by(step: _Step, companies: Iterable[Named], organizations: Iterable[Named]) -> Iterable[Suggestion]:
    by_key: dict[str, list[Named]] = {}
    for company in companies:
        by_key.setdefault(step.key(company.name), []).append(company)
    asking: dict[str, list[Named]] = {}
    for organization in organizations:
        asking.setdefault(step.key(organization.name), []).append(organization)
    for key, of_organizations in asking.items():
        fitting = by_key.get(key, [])
        is_ambiguous = len(fitting) > 1 or len(of_organizations) > 1
        for organization in of_organizations:
            for company in fitting:
                yield Suggestion(
                    OrganizationId(organization.id),
                    PsaCompanyId(int(company.id)),
                    step.likeness,
                    step.score,
                    step.reason,
                    is_ambiguous,
                )


def _close(companies: Sequence[Named], organizations: Iterable[Named]) -> Iterable[Suggestion]:
    """Names that begin some word alike, hold the same numbers, and are close to each other as a whole."""
    keys = [legal_key(company.name) for company in companies]
    numbers = [_numbers(key) for key in keys]
    by_word: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        for word in set(key.split()):
            by_word.setdefault(word[:4], []).append(index)
    for organization in organizations:
        wanted = legal_key(organization.name)
        wanted_numbers = _numbers(wanted)
        near = {index for word in wanted.split() for index in by_word.get(word[:4], ())}
        close = process.extract(
            wanted,
            {index: keys[index] for index in sorted(near) if numbers[index] == wanted_numbers},
            scorer=fuzz.token_sort_ratio,
            score_cutoff=CLOSE_ENOUGH,
            limit=MOST_CLOSE,
        )
        for key, ratio, index in close:
            yield Suggestion(
                OrganizationId(organization.id),
                PsaCompanyId(int(companies[index].id)),
                Likeness.CLOSE,
                round(0.85 * ratio / 100, 3),
                f"close to “{key}”",
                len(close) > 1,
            )


def _numbers(key: str) -> list[str]:
    """“Site 1” and “Site 2” are close to each other and never the same."""
    return re.findall(r"\d+", key)

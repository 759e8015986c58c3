"""Suggestions by name: what counts as the same, what is merely close, and what is only listed."""

import random
import time

import pytest

from domain.values import OrganizationId, PsaCompanyId
from projections.suggestions import Likeness, Named, suggest

TRICKY: tuple[tuple[str, str, Likeness | None], ...] = (
    ("Globex", "Globex", Likeness.EXACT),
    ("globex", "GLOBEX", Likeness.EXACT),
    ("Globex  Corporation ", "Globex Corporation", Likeness.EXACT),
    ("STRASSE AG", "Straße AG", Likeness.EXACT),
    ("Café Zürich", "Cafe\u0301 Zu\u0308rich", Likeness.EXACT),
    ("Müller", "Muller", Likeness.SPELLING),
    ("A.B.C. Services", "ABC Services", Likeness.SPELLING),
    ("Smith & Sons", "Smith Sons", Likeness.SPELLING),
    ("O'Brien", "OBrien", Likeness.SPELLING),
    ("Globex Ltd", "Globex", Likeness.LEGAL_FORM),
    ("Globex", "Globex GmbH & Co. KG", Likeness.LEGAL_FORM),
    ("Initech B.V.", "Initech NV", Likeness.LEGAL_FORM),
    ("Acme, Inc.", "ACME Limited", Likeness.LEGAL_FORM),
    ("Umbrela Cafe", "Umbrella Cafe", Likeness.CLOSE),
    ("Globex", "Globex Europe", None),
    ("Initech", "Initrode", None),
    ("North Wind", "South Wind", None),
    ("Contoso 1", "Contoso 2", None),
    ("!!!", "!!!", Likeness.EXACT),
    ("!!!", "???", None),
    ("🦊", "🐻", None),
    ("Acme\u00a0Corp", "Acme Corp", Likeness.EXACT),
    ("Acme\u200b", "Acme", Likeness.SPELLING),
    ("Acme - Berlin", "Acme/Berlin", Likeness.SPELLING),
    ("株式会社A", "株式会社B", None),
    ("A&A", "AA", None),
    ("Ltd", "GmbH", None),
)


@pytest.mark.parametrize(("organization", "company", "expected"), TRICKY)
def test_tricky_names_are_as_alike_as_a_person_would_say(
    organization: str, company: str, expected: Likeness | None
) -> None:
    found = suggest([Named("7", company)], [Named("org", organization)])

    assert [expected] == [one.likeness for one in found] if expected else () == found


def test_every_exact_pair_of_the_tricky_names_is_right() -> None:
    companies = [Named(str(number), company) for number, (_, company, _) in enumerate(TRICKY)]
    organizations = [Named(f"org-{number}", organization) for number, (organization, _, _) in enumerate(TRICKY)]
    right = {(f"org-{number}", number) for number, (_, _, likeness) in enumerate(TRICKY) if likeness is Likeness.EXACT}

    found = suggest(companies, organizations)

    exact = {(one.organization, one.company) for one in found if one.likeness is Likeness.EXACT}
    certain = {
        (one.organization, one.company) for one in found if one.likeness is Likeness.EXACT and not one.is_ambiguous
    }
    assert certain <= right
    assert {("org-2", 2), ("org-3", 3), ("org-4", 4)} <= certain
    assert right <= exact


def test_two_companies_of_one_name_are_both_listed_and_neither_is_chosen() -> None:
    found = suggest([Named("1", "Globex"), Named("2", "globex")], [Named("org", "Globex")])

    assert [(PsaCompanyId(1), True), (PsaCompanyId(2), True)] == [(one.company, one.is_ambiguous) for one in found]


def test_two_organizations_of_one_name_make_the_company_ambiguous() -> None:
    found = suggest([Named("1", "Globex")], [Named("a", "Globex"), Named("b", "Globex")])

    assert [True, True] == [one.is_ambiguous for one in found]


def test_a_name_that_is_the_beginning_of_another_is_not_taken_for_it() -> None:
    found = suggest([Named("1", "Globex"), Named("2", "Globex Europe")], [Named("org", "Globex Europe")])

    assert [(OrganizationId("org"), PsaCompanyId(2), Likeness.EXACT)] == [
        (one.organization, one.company, one.likeness) for one in found
    ]


def test_ten_thousand_companies_are_paired_with_two_thousand_organizations_in_a_moment() -> None:
    draw = random.Random(7)
    words = ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(2_000)]
    companies = [Named(str(n), " ".join(draw.sample(words, 3)).title()) for n in range(10_000)]
    organizations = [Named(f"o{n}", companies[n * 5].name + draw.choice(["", " Ltd", "s"])) for n in range(2_000)]

    began = time.process_time()
    found = suggest(companies, organizations)
    took = time.process_time() - began

    assert len({one.organization for one in found}) > 1_900
    assert took < 2

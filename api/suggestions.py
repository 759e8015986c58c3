"""Which company an organization may be: suggested with score and reason, for a person to confirm.

Nothing is mapped here. What a frontend may tick beforehand is said: a pair by its very name, where neither side fits
another; and the agreement, where the company has exactly one that bills month by month now.
"""

from bisect import bisect_right
from collections import Counter

import strawberry

from api import paging
from api.context import Info
from api.directory import PsaAgreement, PsaCompany, shown_agreement, shown_company, site_of_live
from api.fields import READERS, query
from api.organizations import Organization, shown
from api.paging import Paged
from domain.connection import Live
from domain.values import MspId
from projections.names import name_key
from projections.reads import directory as directory_rows
from projections.reads import organizations as organization_rows
from projections.reads.suggestions import Placed
from projections.suggestions import Likeness


@strawberry.type(
    description="A company that an organization may be. `score` is from 0 to 1. `isAmbiguous`: the names fit another"
    " pair as well. `isPreselected`: the very same name and no other pair. `agreements` are those of the company that"
    " can be billed; `preselectedAgreement` is the only one of them that is active and monthly."
)
class MappingSuggestion:
    organization: Organization
    company: PsaCompany
    likeness: Likeness
    score: float
    reason: str
    is_ambiguous: bool
    is_preselected: bool
    agreements: list[PsaAgreement]
    preselected_agreement: int | None


@strawberry.input(description="`search` looks in the organization's name.")
class MappingSuggestionsFilter:
    search: str | None = None
    likeness: Likeness | None = None
    is_ambiguous: bool | None = None


@strawberry.type
class SuggestionQueries:
    @query(READERS, "Companies that unmapped organizations may be, by organization; counts are by likeness.")
    async def mapping_suggestions(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: MappingSuggestionsFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[MappingSuggestion]:
        asking = info.context
        known = await asking.known_msp(msp)
        asked = paging.page(first, after, (str, str, int))
        live = await asking.live(known)
        placed = await asking.parts.suggestions.of(asking.views, known, live.number, asking.in_thread)
        wanted = [one for one in placed if _fits(one, filter or MappingSuggestionsFilter())]
        begin = 0
        if asked.after is not None:
            name, organization, number = asked.after
            key = (str(name), str(organization), int(number or 0))
            begin = bisect_right(wanted, key, key=lambda one: one.place)
        cut = paging.cut(wanted[begin : begin + asked.limit], asked)
        nodes = await _nodes(info, known, live, cut.rows)
        there = paging.Cut([one for one in cut.rows if one.place in nodes], cut.has_more)
        edges, page_info = paging.edges_of(there, lambda one: one.place, lambda one: nodes[one.place])

        async def count() -> int:
            return len(wanted)

        async def count_by_likeness() -> dict[str, int]:
            return dict(Counter(one.suggestion.likeness.value for one in placed))

        return Paged(edges=edges, page_info=page_info, count=count, count_by_state=count_by_likeness)


def _fits(one: Placed, wanted: MappingSuggestionsFilter) -> bool:
    return (
        (wanted.likeness is None or one.suggestion.likeness is wanted.likeness)
        and (wanted.is_ambiguous is None or one.suggestion.is_ambiguous is wanted.is_ambiguous)
        and (not wanted.search or name_key(wanted.search) in name_key(one.place[0]))
    )


async def _nodes(
    info: Info, msp: MspId, live: Live, placed: list[Placed]
) -> dict[tuple[str, str, int], MappingSuggestion]:
    """A page of suggestions with what a person needs to decide.

    Shape: by place; without those whose company an import that is not finished yet has just found gone.
    """
    asking, views = info.context, info.context.views
    companies = [int(one.suggestion.company) for one in placed]
    rows = await directory_rows.companies_of(views, msp, live.number, companies)
    agreements = await directory_rows.agreements_of_companies(views, msp, live.number, companies)
    organizations = await organization_rows.named(views, msp, [one.suggestion.organization for one in placed])
    now = await asking.in_thread(asking.journal.now)
    site, login = site_of_live(live), live.tenant.company_id
    nodes = {}
    for one in placed:
        suggestion = one.suggestion
        if suggestion.company not in rows or suggestion.organization not in organizations:
            continue
        of_company = agreements.get(suggestion.company, [])
        monthly = [row.agreement for row in of_company if row.is_active_monthly(now)]
        nodes[one.place] = MappingSuggestion(
            organization=shown(organizations[suggestion.organization], None),
            company=shown_company(rows[suggestion.company], of_company, [], live=live, now=now),
            likeness=suggestion.likeness,
            score=suggestion.score,
            reason=suggestion.reason,
            is_ambiguous=suggestion.is_ambiguous,
            is_preselected=suggestion.likeness is Likeness.EXACT and not suggestion.is_ambiguous,
            agreements=[shown_agreement(row, site, login, now) for row in of_company if not row.has_ended(now)],
            preselected_agreement=monthly[0] if len(monthly) == 1 else None,
        )
    return nodes

"""What ids are called now: for people who read facts, lines and exceptions, which carry ids only."""

from collections.abc import Sequence

import strawberry

from api.context import Info
from api.fields import EVERYBODY, query
from domain.refusals import InvalidInput
from projections.reads import called

MOST_NAMED = 500


@strawberry.type
class NamedOrganization:
    organization: strawberry.ID
    name: str


@strawberry.type(description="`organizations` are mapped to it now.")
class NamedAgreement:
    agreement: int
    name: str | None
    company: int | None
    company_name: str | None
    organizations: list[NamedOrganization]


@strawberry.type
class NamedProduct:
    product: int
    identifier: str
    description: str


@strawberry.type(description="What is not known is left out.")
class Names:
    agreements: list[NamedAgreement]
    products: list[NamedProduct]
    organizations: list[NamedOrganization]


@strawberry.type
class NameQueries:
    @query(EVERYBODY, "What agreements, products and organizations are called now, each in the order of its ids.")
    async def names(
        self,
        info: Info,
        agreements: list[int] | None = None,
        products: list[int] | None = None,
        organizations: list[strawberry.ID] | None = None,
        msp: strawberry.ID | None = None,
    ) -> Names:
        asked: dict[str, Sequence[object]] = {
            "agreements": agreements or [],
            "products": products or [],
            "organizations": organizations or [],
        }
        for field, ids in asked.items():
            if len(ids) > MOST_NAMED:
                raise InvalidInput(field, f"at most {MOST_NAMED}")
        views, known = info.context.views, await info.context.known_msp(msp)
        there = await called.agreements(views, known, sorted(set(agreements or [])))
        wanted = {*(organizations or []), *(one for row in there for one in row.organizations)}
        named = await called.organizations(views, known, sorted(wanted))
        return Names(
            agreements=[
                NamedAgreement(
                    agreement=row.agreement,
                    name=row.name,
                    company=row.company,
                    company_name=row.company_name,
                    organizations=[_organization(one, named) for one in row.organizations if one in named],
                )
                for row in there
            ],
            products=[
                NamedProduct(product=row.product, identifier=row.identifier, description=row.description)
                for row in await called.products(views, known, sorted(set(products or [])))
            ],
            organizations=[_organization(one, named) for one in sorted(set(organizations or [])) if one in named],
        )


def _organization(organization: str, named: dict[str, str]) -> NamedOrganization:
    return NamedOrganization(organization=strawberry.ID(organization), name=named[organization])
